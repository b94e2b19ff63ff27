//! Secrets that are easy to recognise, in every spelling in which they could come out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use tokenctl::domain::ids::hex;

use crate::snapshot::walk;

/// Returns a secret in every spelling.
fn spellings(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut spellings = vec![
        ("raw", secret.to_vec()),
        ("hex", hex(secret).into_bytes()),
        ("upper-case hex", hex(secret).to_ascii_uppercase().into_bytes()),
        ("numbers", numbers(secret).into_bytes()),
        // White space is taken out of what is searched a second time.
        ("numbers", numbers(secret).replace(' ', "").into_bytes()),
        ("URL-escaped", url::form_urlencoded::byte_serialize(secret).collect::<String>().into_bytes()),
    ];
    if let Ok(text) = std::str::from_utf8(secret) {
        let json = serde_json::to_string(text).unwrap();
        spellings.push(("JSON-escaped", json.as_bytes()[1..json.len() - 1].to_vec()));
        spellings.push(("in lower case", text.to_ascii_lowercase().into_bytes()));
    }
    for (what, engine) in [("base64", &STANDARD_NO_PAD), ("base64url", &URL_SAFE_NO_PAD)] {
        // Within something longer a secret may begin at any of three places; its edges then mix with what is around.
        for shift in 0..3 {
            let text = engine.encode([&vec![0; shift][..], secret].concat());
            let (from, to) = (if shift == 0 { 0 } else { 4 }, text.len() / 4 * 4 - 4);
            spellings.push((what, text.as_bytes()[from..to].to_vec()));
        }
    }
    spellings
}

/// As `Debug` writes bytes.
fn numbers(bytes: &[u8]) -> String {
    let debug = format!("{bytes:?}");
    debug[1..debug.len() - 1].to_owned()
}

/// How many bytes of a spelling are looked up before all of it is compared.
const HEAD: usize = 8;

/// The number of a canary, how it is spelt, all of it.
type Spelling = (usize, &'static str, Vec<u8>);

/// All secrets of a test.
#[derive(Default)]
pub(crate) struct Canaries {
    names: Vec<String>,
    /// By how they begin.
    spellings: HashMap<[u8; HEAD], Vec<Spelling>>,
    /// The first two bytes of every spelling: most places in a file are told apart by these.
    starts: HashSet<[u8; 2]>,
}

impl Canaries {
    pub(crate) fn add(&mut self, name: impl Into<String>, secret: &[u8]) {
        assert!(secret.len() >= 16, "too short not to be found by accident");
        for (what, spelling) in spellings(secret) {
            self.starts.insert([spelling[0], spelling[1]]);
            let head = spelling[..HEAD].try_into().unwrap();
            self.spellings.entry(head).or_default().push((self.names.len(), what, spelling));
        }
        self.names.push(name.into());
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns what is found in `bytes`, line breaks or not, except the canaries whose name begins with `allowed`.
    pub(crate) fn search(&self, place: &str, bytes: &[u8], allowed: &str) -> Vec<String> {
        let unwrapped: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let mut found = BTreeMap::new();
        for haystack in [bytes, &unwrapped] {
            for (at, head) in haystack.windows(HEAD).enumerate() {
                if !self.starts.contains(&[head[0], head[1]]) {
                    continue;
                }
                let Some(candidates) = self.spellings.get(head) else { continue };
                for (canary, what, spelling) in candidates {
                    if haystack[at..].starts_with(spelling) {
                        found.entry(*canary).or_insert(*what);
                    }
                }
            }
        }
        let names = found.into_iter().map(|(canary, what)| (&self.names[canary], what));
        names
            .filter(|(name, _)| allowed.is_empty() || !name.starts_with(allowed))
            .map(|(name, what)| format!("{name} ({what}) in {place}"))
            .collect()
    }

    /// Searches every file below `folder` but those that the user keeps secrets in.
    pub(crate) fn search_files(&self, folder: &Path, but: &[&str]) -> Vec<String> {
        let mut hits = Vec::new();
        walk(folder, &mut |path| {
            let name = path.display().to_string();
            if !but.iter().any(|kept| name.contains(kept)) {
                hits.extend(self.search(&name, &std::fs::read(path).unwrap(), ""));
                hits.extend(self.search(&format!("the name {name}"), name.as_bytes(), ""));
            }
        });
        hits
    }
}

#[test]
fn every_spelling_is_found() {
    let mut canaries = Canaries::default();
    let secret = br#"se"cret/with+odd%chars=0123456789"#;
    canaries.add("secret", secret);
    let text = std::str::from_utf8(secret).unwrap();
    for spelling in [
        format!("a log: {text}!"),
        serde_json::json!({ "x": { "y": text } }).to_string(),
        format!("{secret:?}"),
        url::form_urlencoded::byte_serialize(secret).collect(),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(format!("user:{text}:rest")),
        STANDARD_NO_PAD
            .encode(format!("ab{text}"))
            .as_bytes()
            .chunks(20)
            .map(|line| String::from_utf8_lossy(line) + "\n")
            .collect(),
        hex(secret),
        hex(secret).to_ascii_uppercase(),
    ] {
        assert_eq!(canaries.search("", spelling.as_bytes(), "").len(), 1, "{spelling}");
    }
    assert!(canaries.search("", b"nothing of the kind", "").is_empty());
    assert!(canaries.search("", secret, "sec").is_empty(), "asked for");
}
