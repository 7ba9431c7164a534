//! The headers that a server sends to a browser: the part of structured fields (RFC 9651) that
//! they need.

/// The header `Secure-Session-Registration`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The algorithms.
    pub algorithms: Vec<String>,
    /// The path of the registration.
    pub path: String,
    /// The challenge.
    pub challenge: String,
    /// The authorization, if the server demands one in the proof.
    pub authorization: Option<String>,
}

impl Registration {
    /// Parses the value of the header: an inner list of tokens with parameters.
    pub fn parse(value: &str) -> Option<Self> {
        let (algorithms, rest) = value.trim().strip_prefix('(')?.split_once(')')?;
        let parameters = parameters(rest)?;
        let find = |name| {
            let mut found = parameters.iter().filter(|(found, _)| *found == name);
            let value = found.next()?.1.clone();
            found.next().is_none().then_some(value)
        };
        Some(Self {
            algorithms: algorithms.split_whitespace().map(str::to_owned).collect(),
            path: find("path")?,
            challenge: find("challenge")?,
            authorization: find("authorization"),
        })
    }
}

/// The header `Secure-Session-Challenge`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The challenge.
    pub challenge: String,
    /// The identifier of the session.
    pub id: Option<String>,
}

impl Challenge {
    /// Parses the value of the header: a string with parameters.
    pub fn parse(value: &str) -> Option<Self> {
        let (challenge, rest) = string(value.trim())?;
        let mut parameters = parameters(rest)?.into_iter();
        Some(Self { challenge, id: parameters.find(|(name, _)| *name == "id").map(|(_, id)| id) })
    }
}

/// A value as the string of a structured field.
pub fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Parses `;name="value"` any number of times, until the end.
fn parameters(mut rest: &str) -> Option<Vec<(&str, String)>> {
    let mut parameters = vec![];
    while !rest.is_empty() {
        let (name, value) = rest.strip_prefix(';')?.trim_start_matches(' ').split_once('=')?;
        let (value, after) = string(value)?;
        parameters.push((name, value));
        rest = after;
    }
    Some(parameters)
}

/// Parses a string, and returns what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut characters = text.char_indices();
    loop {
        match characters.next()? {
            (end, '"') => return Some((value, &text[end + 1..])),
            (_, '\\') => value.push(characters.next().filter(|(_, c)| ['"', '\\'].contains(c))?.1),
            (_, character @ ' '..='~') => value.push(character),
            _ => return None,
        }
    }
}
