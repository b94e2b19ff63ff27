use super::*;

fn companies() -> View {
    let mut table = Table::new(
        [
            Column::new("NAME").shrinks(),
            Column::new("STATE"),
            Column::new("DAYS").right(),
            Column::new("NOTE").shrinks(),
        ],
        "no connections",
    );
    table.row([Cell::from("acme"), Cell::toned("active", Tone::Good), "700".into(), "all is well".into()]);
    table.row([
        "株式会社アクメ・インターナショナル",
        "pending",
        "9",
        "the upload is missing since last Tuesday",
    ]);
    table.row(["Cafe\u{301} \u{1b}[31mred", "active", "12", ""]);
    View::new().table(table)
}

fn at(width: Option<usize>) -> String {
    render(&companies(), Canvas { width, colour: false, unicode: false })
}

#[test]
fn nothing_is_cut_without_a_terminal() {
    insta::assert_snapshot!(at(None), @r"
    NAME                                STATE    DAYS  NOTE
    acme                                active    700  all is well
    株式会社アクメ・インターナショナル  pending     9  the upload is missing since last Tuesday
    Café \u{1b}[31mred                  active     12  -
    ");
    assert_eq!(at(None), at(Some(200)));
}

#[test]
fn a_long_table_is_aligned_from_its_first_row_to_its_last() {
    let mut table = Table::new([Column::new("NAME").shrinks(), Column::new("STATE")], "");
    for number in 0..1000 {
        let name = if number == 999 { "the widest comes last".to_owned() } else { format!("c{number}") };
        table.row([name.as_str(), "active"]);
    }
    for columns in [None, Some(20)] {
        let drawn = render(
            &View::new().table(table.clone()),
            Canvas { width: columns, colour: false, unicode: true },
        );
        let lines: Vec<&str> = drawn.lines().collect();
        let at = lines[0].find("STATE").unwrap();
        assert_eq!(lines.len(), 1001);
        for (number, line) in lines.iter().enumerate().skip(1) {
            let line: String = line.chars().skip(at).collect();
            assert_eq!(line, "active", "line {number}");
        }
    }
}

#[test]
fn eighty_columns() {
    insta::assert_snapshot!(at(Some(80)), @r"
    NAME                             STATE    DAYS  NOTE
    acme                             active    700  all is well
    株式会社アクメ・インターナショ…  pending     9  the upload is missing since la…
    Café \u{1b}[31mred               active     12  -
    ");
    assert!(at(Some(80)).lines().all(|line| width(line) <= 80));
}

#[test]
fn forty_columns_stack() {
    insta::assert_snapshot!(at(Some(40)), @r"
    NAME          STATE    DAYS  NOTE
    acme          active    700  all is well
    株式会社ア…   pending     9  the upload…
    Café \u{1b}…  active     12  -
    ");
    for columns in 1..40 {
        let narrow = at(Some(columns));
        assert!(columns < 12 || narrow.lines().all(|line| width(line) <= columns), "{columns}: {narrow}");
    }
}

/// A column gives way although its title is the longest thing in it.
#[test]
fn titles_are_cut_as_well() {
    let mut table = Table::new([Column::new("NAME"), Column::new("CERTIFICATE ID").shrinks()], "");
    table.row(["株式会社アクメ", "XuPQvaZv24aaaaaaaa"]);
    let text = render(&View::new().table(table), Canvas { width: Some(27), colour: false, unicode: false });
    insta::assert_snapshot!(text, @"
    NAME            CERTIFICAT…
    株式会社アクメ  XuPQvaZv24…
    ");
    assert!(text.lines().all(|line| width(line) <= 27));
}

#[test]
fn colour_changes_nothing_but_colour() {
    let coloured = render(&companies(), Canvas { width: Some(80), colour: true, unicode: false });
    assert!(coloured.contains("\u{1b}[1mNAME"));
    let plain: Vec<String> =
        console::strip_ansi_codes(&coloured).lines().map(|line| line.trim_end().to_owned()).collect();
    assert_eq!(plain, at(Some(80)).lines().collect::<Vec<_>>());
}

#[test]
fn an_empty_table_says_so() {
    let table = Table::new([Column::new("NAME")], "no connections");
    assert_eq!(
        render(&View::new().table(table), Canvas { width: None, colour: false, unicode: false }),
        "no connections\n"
    );
}

#[test]
fn blocks_are_apart_and_sentences_are_not() {
    let view =
        View::new().line("one").line("two").facts([("vault", "v"), ("generation", "7")]).text("end\n\n");
    insta::assert_snapshot!(render(&view, Canvas { width: Some(80), colour: false, unicode: false }), @"
    one
    two

    vault       v
    generation  7

    end
    ");
}

#[test]
fn our_own_texts_go_on_in_the_next_line() {
    let mut table =
        Table::new([Column::new("CODE"), Column::new("MEANING").wraps(), Column::new("RETRY")], "");
    table.row(["6", "DNS, TLS, timeout, 5xx, 429 after the retries", "yes"]);
    let text = render(&View::new().table(table), Canvas { width: Some(40), colour: false, unicode: false });
    insta::assert_snapshot!(text, @"
    CODE  MEANING                      RETRY
    6     DNS, TLS, timeout, 5xx, 429  yes
          after the retries
    ");
    assert!(text.lines().all(|line| width(line) <= 40));
}

#[test]
fn a_table_that_may_wrap_looks_like_one_that_may_not() {
    let draw = |wraps: bool| {
        let note = Column::new("NOTE");
        let columns = [
            Column::new("NAME").shrinks(),
            Column::new("DAYS").right(),
            if wraps { note.wraps() } else { note.shrinks() },
            Column::new("STATE"),
        ];
        let mut table = Table::new(columns, "");
        table.row([Cell::from("株式会社"), "7".into(), "short".into(), Cell::toned("active", Tone::Good)]);
        table.row(["Cafe\u{301}", "700", "", "pending"]);
        let drawn = |colour| {
            let canvas = Canvas { width: Some(60), colour, unicode: true };
            render(&View::new().table(table.clone()), canvas)
        };
        (drawn(false), console::strip_ansi_codes(&drawn(true)).into_owned())
    };
    assert_eq!(draw(false), draw(true));
}
