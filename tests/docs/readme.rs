//! README names what exists, and everything that exists.

use crate::{commands, text, words};

/// The command lines in its code blocks, with the lines that continue them.
fn lines(markdown: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, block) in markdown.split("```").enumerate() {
        if index % 2 == 0 || !block.starts_with("console") {
            continue;
        }
        lines.extend(
            block.replace("\\\n", " ").lines().filter(|line| line.starts_with("$ ")).map(str::to_owned),
        );
    }
    lines
}

#[test]
fn every_command_in_it_parses() {
    let mut count = 0;
    for line in lines(&text("README.md")) {
        // Alone, at the end of a pipe, or within `$(…)`.
        for (at, _) in line.match_indices("tokenctl ") {
            let starts =
                line[..at].ends_with("$ ") || line[..at].ends_with("| ") || line[..at].ends_with('(');
            if !starts {
                continue;
            }
            let arguments = words(&line[at + "tokenctl ".len()..]);
            assert_eq!(tokenctl::cli::check(&arguments), Ok(()), "{line}\n{arguments:?}");
            count += 1;
        }
    }
    assert!(count > 40, "only {count} commands were found");
}

#[test]
fn its_table_has_every_command_and_no_other() {
    let readme = text("README.md");
    let (_, table) = readme.split_once("| command | what it does |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut named: Vec<Vec<String>> = Vec::new();
    for row in rows {
        let cell = row.split('|').nth(1).unwrap();
        for code in cell.split('`').skip(1).step_by(2) {
            // `rotate initiate/status` is two commands; flags and arguments are not part of a name.
            let is_name =
                |word: &&str| word.chars().all(|char| char.is_ascii_lowercase() || "-/".contains(char));
            let code = code.split(' ').take_while(is_name).collect::<Vec<_>>().join(" ");
            let (above, last) =
                code.rsplit_once(' ').map_or((None, code.as_str()), |(above, last)| (Some(above), last));
            for last in last.split('/') {
                let above = above.unwrap_or_default();
                named.push(format!("{above} {last}").split_whitespace().map(str::to_owned).collect());
            }
        }
    }
    let all = commands();
    for name in &named {
        assert!(all.contains(name), "README names `{}`, which does not exist", name.join(" "));
    }
    for command in all.iter().filter(|command| command.len() == 1) {
        let is_named = named.iter().any(|name| name.first() == command.first());
        assert!(is_named, "README's table of commands has no `{}`", command.join(" "));
    }
}

/// What outlives a release is listed where it changes.
#[test]
fn the_changelog_knows_this_version_and_the_vaults_schema() {
    let changelog = text("CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## ")).unwrap();
    assert!(newest.starts_with(env!("CARGO_PKG_VERSION")), "{newest}");
    let schema = tokenctl::vault::schema::KNOWN_SCHEMA;
    assert!(changelog.contains(&format!("format 1, schema {schema})")), "schema {schema}");
}
