//! A module of the core uses only modules below it, and no two files use each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use syn::{
    Attribute, Item, ItemMod, UseTree, parse_file,
    visit::{self, Visit},
};

/// From the top to the bottom, as in CONTRIBUTING.md. Modules of one layer do not use
/// each other.
const LAYERS: [&[&str]; 9] = [
    &["session"],
    &["sealer"],
    &["device_bound"],
    &["claims", "token"],
    &["cookie", "data", "lifetime", "revocation"],
    &["keyring"],
    &["encryption"],
    &["base64url", "format", "json", "marker", "random", "time"],
    &["error"],
];

/// The module paths of the core, each with the paths that it uses, all from the root.
type Uses = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

fn read(folder: &Path, file: &Path, module: Vec<String>, uses: &mut Uses) {
    let source = parse_file(&fs::read_to_string(file).unwrap()).unwrap();
    let mut paths = Paths { module: module.clone(), found: BTreeSet::new() };
    paths.visit_file(&source);
    for item in &source.items {
        if let Item::Mod(ItemMod { content: None, ident, attrs, .. }) = item
            && !is_test(attrs)
        {
            let name = ident.to_string();
            let child = [&*module, std::slice::from_ref(&name)].concat();
            read(&folder.join(&name), &folder.join(format!("{name}.rs")), child, uses);
        }
    }
    uses.insert(module, paths.found);
}

/// The paths in one file that start with `crate` or `super`, without its tests.
struct Paths {
    module: Vec<String>,
    found: BTreeSet<Vec<String>>,
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

impl Paths {
    fn add(&mut self, path: &[String]) {
        let mut module = self.module.clone();
        let mut rest = path;
        match path {
            [first, after @ ..] if first == "crate" => (module, rest) = (Vec::new(), after),
            [first, after @ ..] if first == "self" => rest = after,
            [first, ..] if first == "super" => {}
            _ => return,
        }
        while let [first, after @ ..] = rest
            && first == "super"
        {
            module.pop();
            rest = after;
        }
        self.found.insert([&*module, rest].concat());
    }

    fn add_tree(&mut self, tree: &UseTree, path: &[String]) {
        let with = |name: String| [path, &[name]].concat();
        match tree {
            UseTree::Path(tree) => self.add_tree(&tree.tree, &with(tree.ident.to_string())),
            UseTree::Name(tree) if tree.ident == "self" => self.add(path),
            UseTree::Name(tree) => self.add(&with(tree.ident.to_string())),
            UseTree::Rename(tree) => self.add(&with(tree.ident.to_string())),
            UseTree::Glob(_) => self.add(path),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(tree, path)),
        }
    }
}

impl<'a> Visit<'a> for Paths {
    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        if !is_test(&item.attrs) {
            // A module within this file is part of it.
            visit::visit_item_mod(self, item);
        }
    }

    /// `pub(super)` uses nothing.
    fn visit_visibility(&mut self, _: &'a syn::Visibility) {}

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.add_tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&names);
        visit::visit_path(self, path);
    }
}

/// The files that each file uses: the longest prefix of a path that is a module.
fn files() -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut uses = Uses::new();
    read(&folder, &folder.join("lib.rs"), Vec::new(), &mut uses);
    let file = |path: &Vec<String>| {
        let mut prefixes = (0..=path.len()).rev().map(|len| path[..len].to_vec());
        prefixes.find(|prefix| uses.contains_key(prefix)).unwrap()
    };
    uses.iter()
        .map(|(module, paths)| {
            let others = paths.iter().map(file).filter(|other| other != module);
            (module.clone(), others.collect())
        })
        .collect()
}

#[test]
fn a_module_uses_only_modules_below_it() {
    let files = files();
    assert!(files.len() > 30, "the files are found");
    let layer = |module: &[String]| {
        let name = &module[0];
        LAYERS.iter().position(|layer| layer.contains(&&**name)).unwrap_or_else(|| {
            panic!("{name} is in no layer: add it here, in lib.rs and in CONTRIBUTING.md")
        })
    };
    let mut seen = 0;
    for (module, used) in files.iter().filter(|(module, _)| !module.is_empty()) {
        for used in used {
            let [module, used] = [module, used].map(|path| path.join("::"));
            assert!(!used.is_empty(), "{module} uses the root of the crate: name the module");
            seen += 1;
        }
        for used in used.iter().filter(|used| used[0] != module[0]) {
            let (from, to) = (module.join("::"), used.join("::"));
            assert!(layer(module) < layer(used), "{from} uses {to}, which is not below it");
        }
    }
    assert!(seen > 60, "the paths are found: {seen}");
}

#[test]
fn no_files_use_each_other_in_a_cycle() {
    let files = files();
    // Files that use only files that are already removed, again and again.
    let mut left: BTreeSet<_> = files.keys().filter(|module| !module.is_empty()).collect();
    loop {
        let free: Vec<_> = left
            .iter()
            .filter(|file| files[**file].iter().all(|used| !left.contains(used)))
            .copied()
            .collect();
        if free.is_empty() {
            break;
        }
        for file in free {
            left.remove(file);
        }
    }
    let circle: Vec<_> = left.iter().map(|file| file.join("::")).collect();
    assert!(circle.is_empty(), "these files are in a circle, or above one: {circle:?}");
}

/// The documentation shows the order that this file checks.
#[test]
fn contributing_and_lib_show_the_same_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lib = fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    assert!(modules.eq(LAYERS.concat()), "the order of the modules in lib.rs");
    let contributing = fs::read_to_string(root.join("../../CONTRIBUTING.md")).unwrap();
    let layers = LAYERS.map(|layer| match layer {
        [module] => (*module).to_owned(),
        modules => format!("{{ {} }}", modules.join(", ")),
    });
    assert!(contributing.contains(&layers.join(" -> ")), "the order in CONTRIBUTING.md");
}
