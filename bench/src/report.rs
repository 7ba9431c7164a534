//! The document with the text, the tables and the plots of one run.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    bars, core, encryption,
    floor::{MAC, OPEN, SAVE},
    plots, requests,
    revocation::UNLISTED,
    rounds::Rows,
    socket::{self, Served},
};

/// All results.
pub(crate) struct Run {
    pub(crate) rows: Rows,
    /// jsonwebtoken with its other backend, over the floor in its own process.
    pub(crate) aws_lc: f64,
    pub(crate) served: Vec<Served>,
}

impl Run {
    /// Requests per second.
    pub(crate) fn rate(&self, name: &str) -> f64 {
        let served = self.served.iter().find(|served| served.name == name);
        served.unwrap_or_else(|| panic!("no server {name}")).rate
    }

    /// The rate of a server over that of bare axum.
    pub(crate) fn over_bare(&self, name: &str) -> f64 {
        self.rate(name) / self.rate(socket::BARE)
    }

    /// What a request through axum costs over one under a no-op layer, in floors.
    pub(crate) fn floors_over_no_op(&self, name: &str) -> f64 {
        (self.rows.min(name) - self.rows.min(requests::NO_OP)) / self.rows.min(OPEN)
    }
}

/// Runs all benchmarks and writes docs/benchmarks.md.
pub(crate) fn write(rounds: usize) {
    let own = std::env::current_exe().expect("this program");
    let child = Command::new(own).args(["aws-lc", &rounds.to_string()]).output().expect("a child");
    let aws_lc = String::from_utf8_lossy(&child.stdout).trim().parse().expect("a number");
    let rows = core(rounds, None);
    let run = Run { rows, aws_lc, served: socket::run() };

    let docs = docs();
    let text = document(&run, &docs).expect("the texts of the other parts");
    print!("{}", bars::table(bars::asked(&run)));
    let written = fs::write(docs.join("benchmarks.md"), text);
    written
        .and_then(|()| plots::write(&run, &docs.join("benchmarks")))
        .expect("docs can be written");
}

/// The folder of the documentation.
pub(crate) fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn document(run: &Run, docs: &Path) -> io::Result<String> {
    // Parts that are measured separately.
    let part = |name: &str| fs::read_to_string(docs.join("benchmarks").join(name));
    Ok(format!(
        include_str!("document.md"),
        machine = machine(),
        bars = bars::table(bars::asked(run)),
        rows = table(&run.rows),
        aws_lc = run.aws_lc,
        by_hand = run.floors_over_no_op(requests::BY_HAND),
        in_floor = run.floors_over_no_op(requests::FLOOR),
        by_hand_rate = run.over_bare(socket::BY_HAND),
        in_floor_rate = run.over_bare(socket::FLOOR),
        served = served(&run.served),
        revocation = part("revocation.md")?,
        stores = part("stores.md")?,
        encryption = part("encryption.md")?,
        devices = part("devices.md")?,
        cost = part("cost.md")?,
    ))
}

/// The processor and the compiler.
pub(crate) fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = rustc.unwrap_or_default();
    let version = version.split(" (").next().unwrap_or_default();
    format!("{}; {version}", model.map_or("an unknown processor", |(_, model)| model))
}

/// All rows, each with its multiple of the floor of its group.
pub(crate) fn table(rows: &Rows) -> String {
    const FLOORS: [(&str, &str); 9] = [
        ("open", OPEN),
        ("save", SAVE),
        ("reject", MAC),
        ("request", requests::NO_OP),
        ("actix", "actix-web: bare"),
        ("listed", UNLISTED),
        ("encrypted open", encryption::OPEN),
        ("encrypted save", encryption::SAVE),
        ("encrypted reject", encryption::MAC),
    ];
    let mut table = String::from(
        "| what | minimum, ns | median, ns | allocations | x floor |\n|---|---|---|---|---|\n",
    );
    for row in &rows.0 {
        let floor = FLOORS.iter().find(|(group, _)| *group == row.group);
        let floor = floor.and_then(|(_, name)| rows.0.iter().find(|known| known.name == *name));
        let ratio = floor.map_or_else(String::new, |floor| format!("{:.2}", row.min / floor.min));
        let _ = writeln!(
            table,
            "| {} | {:.0} | {:.0} | {} | {ratio} |",
            row.name, row.min, row.median, row.allocations,
        );
    }
    table
}

fn served(served: &[Served]) -> String {
    let mut table = String::from("| server | requests per second | of one core |\n|---|---|---|\n");
    for Served { name, rate, busy } in served {
        let _ = writeln!(table, "| {name} | {rate:.0} | {:.0} % |", busy * 100.0);
    }
    table
}
