use proptest::prelude::*;

use super::*;

#[test]
fn ordinary_text_is_untouched() {
    for text in
        ["Acme GmbH", "Łódź", "株式会社アクメ", "شركة", "a: b :: c", "#1 & co", "❤️ shop", "c\u{327}a"]
    {
        assert!(matches!(safe(text), Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn what_cannot_be_seen_is_shown() {
    for (hostile, shown) in [
        ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("a\u{9b}31mb", "a\\u{9b}31mb"),
        ("evil\u{202e}gpj.exe", "evil\\u{202e}gpj.exe"),
        ("ac\u{200b}me", "ac\\u{200b}me"),
        ("a\u{2028}b", "a\\u{2028}b"),
        ("\u{3164}", "\\u{3164}"),
        ("::error::x", "\\u{3a}:error::x"),
        ("  ::add-mask::x", "  \\u{3a}:add-mask::x"),
        ("x ##[error]y ##vso[task]", "x \\u{23}#[error]y \\u{23}#vso[task]"),
    ] {
        assert_eq!(safe(hostile), shown);
    }
}

#[test]
fn no_cell_is_a_formula() {
    for formula in ["=1+1", "+1", "-2", "@SUM(A1)", " =1", "\t=1", "＝1", "\u{feff}=1"] {
        let cell = safe_cell(formula);
        assert!(cell.starts_with('\'') || cell.starts_with('\\'), "{cell}");
    }
    assert_eq!(safe_cell("acme-1"), "acme-1");
}

#[test]
fn json_keeps_its_values() {
    let value = serde_json::json!({ "name": "a\u{202e}b\u{85}\u{e0041}\u{7f} ##[error]\n" });
    let text = serde_json::to_string_pretty(&value).unwrap();
    let escaped = safe_json(&text);
    assert!(!escaped.chars().any(|char| char != '\n' && is_hostile(char)), "{escaped}");
    assert!(!escaped.contains("##"));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
}

#[test]
fn cuts_between_visible_characters() {
    assert_eq!(truncate("abcdef", 6), "abcdef");
    assert_eq!(truncate("abcdef", 5), "abcd…");
    assert_eq!(truncate("株式会社", 7), "株式会…");
    assert_eq!(truncate("株式会社", 6), "株式…");
    assert_eq!(truncate("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
    assert_eq!(truncate("abc", 0), "");
}

#[test]
fn stacked_accents_do_not_grow_a_line() {
    let zalgo = format!("a{}b", "\u{301}".repeat(10_000));
    assert!(truncate(&zalgo, 10).len() < 40);
}

#[test]
fn sixty_four_kilobytes_become_a_line() {
    let long = "=\u{1b}]0;x\u{7}".repeat(8192);
    assert!(width(&safe_line(&long)) <= LINE_LIMIT);
}

proptest! {
    #[test]
    fn nothing_hostile_comes_out(text in any::<String>()) {
        let line = safe(&text);
        prop_assert!(!line.chars().any(is_hostile));
        prop_assert!(!is_command(&line));
        let again = safe(&line);
        prop_assert_eq!(&again, &line);
    }

    #[test]
    fn nothing_comes_out_too_wide(text in any::<String>(), limit in 0_usize..50) {
        prop_assert!(width(&truncate(&safe(&text), limit)) <= limit);
    }

    #[test]
    fn commands_never_survive(blank in "[ \t\n]{0,3}", rest in "(::|##|##vso\\[|##\\[|[a-z:#\\[]){0,8}") {
        let text = blank + &rest;
        prop_assert!(!is_command(&safe(&text)));
    }

    #[test]
    fn what_looks_simple_is_what_no_rule_is_about(text in "([a-c ]|:|::|#|##\\[|-|-----|Y|KEY|AGE-SECRET-|PRIVATE |é|\u{1b}|\u{ad}){0,8}") {
        let is_harmless = text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !is_command(&text);
        let is_open = !text.to_ascii_uppercase().contains("AGE-SECRET-KEY-") && !text.contains("PRIVATE KEY-----");
        prop_assert!(!is_simple(&text) || (is_harmless && is_open), "{text:?}");
    }

    #[test]
    fn json_round_trips(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(serde_json::from_str::<String>(&safe_json(&json)).unwrap(), text);
    }
}

#[test]
fn a_private_key_is_never_repeated() {
    let key = "AGE-SECRET-KEY-1QQPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGP";
    for (text, expected) in [
        (format!("`{key}` is no file"), "`AGE-SECRET-KEY-…` is no file"),
        (format!("{key},{}", key.to_lowercase()), "AGE-SECRET-KEY-…,age-secret-key-…"),
        (
            "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n".to_owned(),
            "-----BEGIN PRIVATE KEY-----…-----END PRIVATE KEY-----\\n",
        ),
        ("-----BEGIN PRIVATE KEY----- MIIE".to_owned(), "-----BEGIN PRIVATE KEY-----…"),
        ("a PEM block `PRIVATE KEY` is expected".to_owned(), "a PEM block `PRIVATE KEY` is expected"),
    ] {
        assert_eq!(safe(&text), expected);
        assert_eq!(redacted(&redacted(&text)), redacted(&text));
    }
}
