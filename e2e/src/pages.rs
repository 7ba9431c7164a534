//! The pages of the documentation, and the blocks of code in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A page in Markdown.
#[derive(Clone, Debug)]
pub struct Page {
    /// The path in the repository.
    pub name: String,
    /// The text.
    pub text: String,
}

/// A block of code between fences.
#[derive(Clone, Debug)]
pub struct Block {
    /// The line of its first fence.
    pub line: usize,
    /// The word behind the first fence.
    pub language: String,
    /// The text without the fences, and without their indentation.
    pub text: String,
}

/// The folder of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace")
}

/// The page with this path in the repository.
pub fn page(name: &str) -> Page {
    let text = fs::read_to_string(root().join(name));
    Page { name: name.into(), text: text.unwrap_or_else(|error| panic!("{name}: {error}")) }
}

/// The README, and all pages in `docs`.
pub fn guides() -> Vec<Page> {
    let mut names = vec!["README.md".to_owned()];
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let files = fs::read_dir(root().join("docs"))
        .expect("the pages")
        .map(|file| file.expect("a file").path());
    names.extend(files.filter(is_page).map(|path| {
        format!("docs/{}", path.file_name().expect("a name").to_str().expect("UTF-8"))
    }));
    names.sort();
    names.iter().map(|name| page(name)).collect()
}

impl Page {
    /// The blocks of code of the page, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut lines = self.text.lines().enumerate();
        while let Some((at, line)) = lines.next() {
            let Some(language) = line.trim_start().strip_prefix("```") else { continue };
            let indentation = line.len() - line.trim_start().len();
            let mut text = String::new();
            for (_, line) in lines.by_ref() {
                if line.trim() == "```" {
                    break;
                }
                text.push_str(line.get(indentation..).unwrap_or_default());
                text.push('\n');
            }
            blocks.push(Block { line: at + 1, language: language.into(), text });
        }
        blocks
    }

    /// The text of the one block in this language that contains `mark`.
    pub fn block(&self, language: &str, mark: &str) -> String {
        let mut found = self.blocks();
        found.retain(|block| block.language == language && block.text.contains(mark));
        match &found[..] {
            [block] => block.text.clone(),
            blocks => panic!("{} blocks with {mark} in {}, not one", blocks.len(), self.name),
        }
    }

    /// The lines outside blocks of code, with their numbers.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let mut in_block = false;
        let mut prose = Vec::new();
        for (at, line) in self.text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                in_block = !in_block;
            } else if !in_block {
                prose.push((at + 1, line));
            }
        }
        prose
    }
}
