//! `man/` and `completions/` are what the binary makes.
//!
//! To make them anew: `TOKENCTL_UPDATE_DOCS=1 cargo test --test docs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::{commands, has, output, root, tokenctl};

const UPDATE: &str = "TOKENCTL_UPDATE_DOCS";

fn contents(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn compare(folder: &str, made: &BTreeMap<String, String>) {
    let kept = root().join(folder);
    if std::env::var_os(UPDATE).is_some() {
        std::fs::create_dir_all(&kept).unwrap();
        for name in contents(&kept).keys().filter(|name| !made.contains_key(*name)) {
            std::fs::remove_file(kept.join(name)).unwrap();
        }
        for (name, text) in made {
            std::fs::write(kept.join(name), text).unwrap();
        }
    }
    let found = contents(&kept);
    let stale: Vec<_> = made
        .iter()
        .filter(|(name, text)| found.get(*name) != Some(text))
        .map(|(name, _)| name)
        .chain(found.keys().filter(|name| !made.contains_key(*name)))
        .collect();
    assert!(
        stale.is_empty(),
        "{folder}/ is not what the binary makes: {stale:?}\nmake it anew with `{UPDATE}=1 cargo test --test docs`"
    );
}

#[test]
fn man_pages_are_those_of_the_binary() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let report = output(tokenctl(&["man", "--out", &path]));
    let pages = contents(folder.path());
    assert_eq!(pages.len(), commands().len(), "{}", String::from_utf8_lossy(&report.stdout));
    for words in commands() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let name = [&["tokenctl"], &words[..]].concat().join("-") + ".1";
        assert!(pages.contains_key(&name), "{name}");
    }
    let one = output(tokenctl(&["man", "rotate", "confirm"])).stdout;
    assert_eq!(String::from_utf8(one).unwrap(), pages["tokenctl-rotate-confirm.1"]);
    compare("man", &pages);
}

#[test]
fn completion_scripts_are_those_of_the_binary() {
    let files = [
        ("bash", "tokenctl.bash"),
        ("zsh", "_tokenctl"),
        ("fish", "tokenctl.fish"),
        ("powershell", "tokenctl.ps1"),
        ("elvish", "tokenctl.elv"),
    ];
    let made = files.map(|(shell, file)| {
        (file.to_owned(), String::from_utf8(output(tokenctl(&["completion", shell])).stdout).unwrap())
    });
    compare("completions", &made.into());
}

#[test]
fn every_page_has_its_sections() {
    for words in commands() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let page = String::from_utf8(output(tokenctl(&[&["man"], &words[..]].concat())).stdout).unwrap();
        let is_leaf =
            !commands().iter().any(|other| other.len() > words.len() && other[..words.len()] == words[..]);
        let sections =
            ["NAME", "SYNOPSIS", "DESCRIPTION", "\"EXIT STATUS\"", "FILES", "ENVIRONMENT", "\"SEE ALSO\""];
        let of_leaves = ["EXAMPLES", "\"JSON FIELDS\""].into_iter().filter(|_| is_leaf);
        for section in sections.into_iter().chain(of_leaves) {
            assert!(page.contains(&format!("\n.SH {section}\n")), "{words:?} has no section {section}");
        }
    }
}

#[test]
fn pages_are_clean() {
    if !has("mandoc") {
        return;
    }
    let pages: Vec<_> =
        std::fs::read_dir(root().join("man")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let lint = Command::new("mandoc").args(["-T", "lint", "-W", "style"]).args(&pages).output().unwrap();
    let complaints = String::from_utf8(lint.stdout).unwrap();
    assert!(complaints.is_empty() && lint.status.success(), "{complaints}");
    // As somebody reads them in a window of 80 columns.
    for page in &pages {
        let shown = Command::new("mandoc").args(["-T", "utf8", "-O", "width=78"]).arg(page).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        for line in shown.lines() {
            // Bold and underlined characters are typed twice, over a backspace.
            let columns = line.chars().count() - 2 * line.matches('\u{8}').count();
            let is_one_word = line.split_whitespace().count() <= 2;
            assert!(columns <= 80 || is_one_word, "{}: {columns} columns: {line}", page.display());
        }
    }
}
