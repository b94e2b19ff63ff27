//! Every command that an error, a report or a page of help names can be typed.
//!
//! The binary of the tests refuses a hint that does not parse when it shows one; here the sources are read, so that
//! the hints count that no test comes across.

use crate::{files, root, words};

/// What a variable in the sources stands for, where any name would not do.
const STANDS_FOR: &[(&str, &str)] = &[
    ("out", "--out=acme.pem"),
    ("list", "--scope=a"),
    ("search", "--search=acme"),
    ("missing", "start"),
    ("format", "--format=raw"),
    ("id", "3f0c9d1e5a7b48c2b6d4e8f0a1c3e5d7"),
];

/// Calls whose commands stand elsewhere: what passes them on, and what puts
/// them together first. Those are held by the tests that show them.
const PASSED_ON: &[&str] = &[
    "command.iter().copied()",
    "for the usage, run",
    "to see what helps the first of them, run",
    "to take over its refresh token, run",
];

/// The sources that talk to people, without their tests.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["src/app", "src/commands", "src/output", "src/cli"] {
        for path in files(folder, ".rs") {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            if name.ends_with("tests.rs") || name.ends_with("output/hint.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            found.push((name, code.collect::<Vec<_>>().join("\n")));
        }
    }
    found
}

/// Where the bracket closes that `text` begins with; brackets in strings do not count.
fn closing(text: &str) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    panic!("an open bracket: {text}");
}

/// The parts of an argument list.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut depth, mut in_string, mut part) = (Vec::new(), 0, false, String::new());
    for char in text.chars() {
        match char {
            '"' => in_string = !in_string,
            '(' | '[' | '{' if !in_string => depth += 1,
            ')' | ']' | '}' if !in_string => depth -= 1,
            _ => {}
        }
        if char == ',' && depth == 0 && !in_string {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(char);
        }
    }
    parts.push(part);
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// A literal with `{…}` filled in.
fn filled(text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push_str("acme");
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    filled + rest
}

/// The word that an expression stands for.
fn word(expression: &str) -> String {
    let expression = expression.trim_start_matches('&');
    if let Some(start) = expression.find('"') {
        let literal = &expression[start + 1..];
        let literal = &literal[..literal.find('"').unwrap()];
        return filled(literal);
    }
    let name = expression.split(['.', '(']).next().unwrap();
    STANDS_FOR.iter().find(|(known, _)| *known == name).map_or("acme", |(_, word)| word).to_owned()
}

fn check(place: &str, arguments: &[String], wrong: &mut Vec<String>) {
    if let Err(error) = tokenctl::cli::check(arguments) {
        wrong.push(format!("{place}: tokenctl {}\n  {}", arguments.join(" "), error.lines().next().unwrap()));
    }
}

#[test]
fn every_hint_that_names_a_command_parses() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (name, text) in sources() {
        for start in ["Hint::command(", "hint("] {
            for (at, _) in text.match_indices(start) {
                let before = text[..at].chars().next_back();
                // A method, a definition, or a part of another name.
                if before.is_some_and(|char| char.is_alphanumeric() || "._:".contains(char))
                    || text[..at].ends_with("fn ")
                {
                    continue;
                }
                let call = &text[at + start.len() - 1..];
                let call = &call[1..closing(call)];
                if PASSED_ON.iter().any(|passed| call.contains(passed)) {
                    continue;
                }
                let given = parts(call);
                let array = given.get(1).and_then(|second| {
                    second.trim_start_matches('&').strip_prefix('[')?.strip_suffix(']').map(str::to_owned)
                });
                // The second part of a helper that has fixed words is a name.
                let Some(array) = array else {
                    if start == "Hint::command(" {
                        wrong.push(format!("{name}: cannot be read: {call}"));
                    }
                    continue;
                };
                let arguments: Vec<_> = parts(&array).iter().map(|part| word(part)).collect();
                check(&name, &arguments, &mut wrong);
                count += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "hints that cannot be typed:\n{}", wrong.join("\n"));
    assert!(count > 90, "only {count} hints were found");
}

/// In running text: `` `tokenctl vault info` ``.
#[test]
fn every_command_in_a_sentence_parses() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    let mut texts = sources();
    for path in files("src/commands/help", ".txt") {
        texts.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
    }
    for (name, text) in texts {
        for quote in ["`tokenctl ", "$ tokenctl "] {
            for (at, _) in text.match_indices(quote) {
                let rest = &text[at + quote.len()..];
                let line = &rest[..rest.find(['`', '\n', '"']).unwrap_or(rest.len())];
                if line.contains('…') || line.starts_with('{') {
                    continue;
                }
                check(&name, &words(&filled(line)), &mut wrong);
                count += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "commands that cannot be typed:\n{}", wrong.join("\n"));
    assert!(count > 5, "only {count} commands were found");
}
