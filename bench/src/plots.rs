//! The plots of the document.

use std::{fs, io, path::Path};

use crate::{
    floor,
    growth::{PAYLOADS, SHAPES},
    report::Run,
    svg::{self, Bar, Line},
};

/// Writes all plots into `folder`.
pub(crate) fn write(run: &Run, folder: &Path) -> io::Result<()> {
    fs::write(folder.join("open.svg"), open(run))?;
    fs::write(folder.join("requests.svg"), requests(run))?;
    fs::write(folder.join("load.svg"), load(run))?;
    fs::write(folder.join("growth.svg"), growth(run))
}

fn open(run: &Run) -> String {
    let floor = run.rows.min(floor::OPEN);
    let mut bars: Vec<Bar> = run
        .rows
        .group("open")
        .filter(|row| !row.name.contains("alone") && !row.name.contains("expired"))
        .map(|row| bar(&row.name, row.min / floor, "x"))
        .collect();
    bars.push(bar("jsonwebtoken, aws-lc", run.aws_lc, "x"));
    let below = "Verify a token and make its data readable: multiples of the floor, less is better";
    svg::bars("Opening a session", below, &bars)
}

fn requests(run: &Run) -> String {
    let rows = run.rows.group("request");
    let bars: Vec<Bar> = rows.map(|row| bar(&row.name, row.min, " ns")).collect();
    let below = "Whole requests through axum's router, without a socket: less is better";
    svg::bars("A request", below, &bars)
}

fn load(run: &Run) -> String {
    let bars: Vec<Bar> =
        run.served.iter().map(|served| bar(&served.name, served.rate, "")).collect();
    let below = "Requests per second over a socket, the server on one core: more is better";
    svg::bars("Under load", below, &bars)
}

fn bar(name: &str, value: f64, unit: &str) -> Bar {
    let text =
        if value < 100.0 { format!("{value:.2}{unit}") } else { format!("{value:.0}{unit}") };
    Bar { label: name.replace("axum: ", ""), value, text, ours: name.contains("waxseal") }
}

fn growth(run: &Run) -> String {
    let mut lines = Vec::new();
    for (shape, _) in SHAPES {
        for subject in ["waxseal", "floor"] {
            let point = |bytes: &usize| {
                (*bytes as f64, run.rows.min(&format!("{subject}: {shape}, {bytes} B")))
            };
            lines.push(Line {
                label: format!("{subject}, {shape}"),
                points: PAYLOADS.iter().map(point).collect(),
                ours: subject == "waxseal",
                dashed: shape != SHAPES[0].0,
            });
        }
    }
    let below = "Opening a session: one long string, and up to sixty entries";
    svg::lines("Growth with the payload", below, ["bytes of data", "ns"], &lines)
}
