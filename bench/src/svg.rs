//! Plots as SVG: horizontal bars, and lines.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const LABELS: f64 = 290.0;
const BAR: f64 = 20.0;
const GAP: f64 = 10.0;
const HEAD: f64 = 64.0;

/// Escapes a label for XML.
fn text(label: &str) -> String {
    label.replace('&', "&amp;").replace('<', "&lt;")
}

/// One bar: its label, its length, the text at its end, and whether it belongs to waxseal.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    pub(crate) text: String,
    pub(crate) ours: bool,
}

/// A drawing with its own background, so that it is readable on any page.
fn drawing(height: f64, title: &str, below: &str, body: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="system-ui, sans-serif" font-size="13">
<title>{title}</title>
<rect width="100%" height="100%" rx="6" fill="#fbfaf7"/>
<text x="20" y="28" font-size="17" font-weight="600" fill="#222">{title}</text>
<text x="20" y="48" fill="#666">{below}</text>
{body}</svg>
"##
    )
}

fn color(ours: bool) -> &'static str {
    if ours { "#b3421e" } else { "#8a97a6" }
}

/// A chart of horizontal bars, with lengths in proportion to their values.
pub(crate) fn bars(title: &str, below: &str, bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let mut body = String::new();
    for (at, bar) in bars.iter().enumerate() {
        let top = HEAD + at as f64 * (BAR + GAP);
        let middle = top + BAR * 0.72;
        let length = bar.value / longest * (WIDTH - LABELS - 90.0);
        let _ = writeln!(
            body,
            r##"<text x="{:.0}" y="{middle:.1}" text-anchor="end" fill="#222">{}</text><rect x="{LABELS}" y="{top}" width="{length:.1}" height="{BAR}" rx="2" fill="{}"/><text x="{:.1}" y="{middle:.1}" fill="#444">{}</text>"##,
            LABELS - 10.0,
            text(&bar.label),
            color(bar.ours),
            LABELS + length + 7.0,
            bar.text,
        );
    }
    drawing(HEAD + bars.len() as f64 * (BAR + GAP) + 10.0, title, below, &body)
}

/// One line of points, with its name.
pub(crate) struct Line {
    pub(crate) label: String,
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) ours: bool,
    pub(crate) dashed: bool,
}

/// Lines over one axis of `units`; both axes start at zero.
pub(crate) fn lines(title: &str, below: &str, units: [&str; 2], lines: &[Line]) -> String {
    const LEFT: f64 = 80.0;
    const RIGHT: f64 = 590.0;
    const TOP: f64 = 80.0;
    const BOTTOM: f64 = 360.0;
    let points = || lines.iter().flat_map(|line| &line.points);
    let (widest, highest) = (
        points().map(|point| point.0).fold(0.0, f64::max),
        points().map(|point| point.1).fold(0.0, f64::max),
    );
    let x = |value: f64| LEFT + value / widest * (RIGHT - LEFT);
    let y = |value: f64| BOTTOM - value / highest * (BOTTOM - TOP);

    let mut body = String::new();
    for step in 0..=4 {
        let part = f64::from(step) / 4.0;
        let (at_x, at_y) = (x(widest * part), y(highest * part));
        let _ = writeln!(
            body,
            r##"<path d="M{LEFT} {at_y:.1}H{RIGHT}" stroke="#ddd"/><text x="{:.0}" y="{:.1}" text-anchor="end" fill="#666">{:.0}</text><text x="{at_x:.1}" y="{:.0}" text-anchor="middle" fill="#666">{:.0}</text>"##,
            LEFT - 8.0,
            at_y + 4.0,
            highest * part,
            BOTTOM + 20.0,
            widest * part,
        );
    }
    let _ = writeln!(
        body,
        r##"<text x="{:.0}" y="{:.0}" text-anchor="middle" fill="#444">{}</text><text x="{LEFT}" y="{:.0}" text-anchor="end" fill="#444">{}</text>"##,
        (LEFT + RIGHT) / 2.0,
        BOTTOM + 42.0,
        units[0],
        TOP - 12.0,
        units[1],
    );
    // Puts the names at the ends of the lines, without overlaps.
    let mut named: Vec<_> =
        lines.iter().map(|line| (y(line.points.last().map_or(0.0, |last| last.1)), line)).collect();
    named.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut free = 0.0;
    for (end, line) in named {
        let path: Vec<_> = line
            .points
            .iter()
            .map(|point| format!("{:.1} {:.1}", x(point.0), y(point.1)))
            .collect();
        let (color, dash) = (color(line.ours), if line.dashed { "6 4" } else { "none" });
        let at = f64::max(end + 4.0, free);
        free = at + 17.0;
        let _ = writeln!(
            body,
            r##"<path d="M{}" fill="none" stroke="{color}" stroke-width="2.5" stroke-dasharray="{dash}"/><text x="{:.0}" y="{at:.1}" fill="#222">{}</text>"##,
            path.join("L"),
            RIGHT + 8.0,
            text(&line.label),
        );
    }
    drawing(BOTTOM + 60.0, title, below, &body)
}
