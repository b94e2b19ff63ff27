//! What comes to an end, along an axis of time: how many when, and the next ones by name.
//!
//! ```text
//! EXPIRIES  5 in the next 12 months, 1 later
//! ▄    ▄         █                                      ▄
//! ┬────┬─────┬─────┬──── …
//! Mar  Apr   May   Jun
//! └ acme 2027-03-05 (4 d)
//!      └ globex 2027-04-02 (32 d)
//! ```
//!
//! Without UTF-8 the heights are digits (`#` for ten and more) and the lines ASCII.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};

use super::sanitize::{safe, truncate, width};
use super::table::{Canvas, toned};
use super::view::Tone;

/// How wide it is where nothing says how wide the terminal is.
const USUAL: usize = 80;
/// The narrowest that makes sense, and the widest that is still one look.
const WIDTHS: std::ops::RangeInclusive<usize> = 24..=200;
/// What bars are made of.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One of the next ends, by name.
#[derive(Debug, Clone)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// What ends; foreign text is made harmless.
    pub name: String,
    /// The day, and what is left.
    pub when: String,
    /// Whether that is soon.
    pub tone: Tone,
}

/// What comes to an end, along an axis of time.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// Where the axis begins.
    pub now: Timestamp,
    /// Every end.
    pub ends: Vec<Timestamp>,
    /// The next few, in order.
    pub next: Vec<Mark>,
}

/// How much time the axis shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Weeks,
    Months(i32),
}

impl Scale {
    /// The shortest axis that leaves nothing out; a year, if that shows something, rather than two.
    fn of(now: Timestamp, ends: &[Timestamp]) -> Self {
        let coming = || ends.iter().copied().filter(|end| *end >= now);
        let (Some(first), Some(last)) = (coming().min(), coming().max()) else { return Self::Months(12) };
        if last < Self::Weeks.end(now) {
            Self::Weeks
        } else if first < Self::Months(12).end(now) {
            Self::Months(12)
        } else {
            Self::Months(24)
        }
    }

    fn end(self, now: Timestamp) -> Timestamp {
        let now = now.to_zoned(TimeZone::UTC);
        let end = match self {
            Self::Weeks => now.checked_add(13.weeks()),
            Self::Months(months) => now.checked_add(months.months()),
        };
        end.map_or(Timestamp::MAX, |end| end.timestamp())
    }

    fn name(self) -> String {
        match self {
            Self::Weeks => "13 weeks".to_owned(),
            Self::Months(months) => format!("{months} months"),
        }
    }

    /// Where the axis has ticks: each month's first day, or each Monday.
    fn ticks(self, now: Timestamp) -> Vec<(Timestamp, String)> {
        let today = now.to_zoned(TimeZone::UTC);
        let Ok(today) = today.start_of_day() else { return Vec::new() };
        let (first, step) = match self {
            Self::Weeks => {
                let ahead = 7 - i64::from(today.weekday().to_monday_zero_offset());
                (today.checked_add(ahead.days()), 1.week())
            }
            Self::Months(_) => {
                (today.first_of_month().and_then(|month| month.checked_add(1.month())), 1.month())
            }
        };
        let label = |day: &Zoned| match self {
            Self::Weeks => day.strftime("%m-%d").to_string(),
            Self::Months(_) if day.month() == 1 => day.strftime("%Y").to_string(),
            Self::Months(_) => day.strftime("%b").to_string(),
        };
        let end = self.end(now);
        std::iter::successors(first.ok(), |day| day.checked_add(step).ok())
            .take_while(|day| day.timestamp() < end)
            .map(|day| (day.timestamp(), label(&day)))
            .collect()
    }
}

/// The axis: which column a point in time is in.
struct Axis {
    now: Timestamp,
    span: SignedDuration,
    columns: usize,
}

impl Axis {
    /// `None` before it begins and after it ends.
    fn column(&self, at: Timestamp) -> Option<usize> {
        let (passed, span) = (at.duration_since(self.now).as_secs(), self.span.as_secs().max(1));
        let columns = i64::try_from(self.columns).ok()?;
        (0..span).contains(&passed).then(|| usize::try_from(passed * columns / span).ok()).flatten()
    }
}

impl Timeline {
    pub(super) fn draw(&self, canvas: Canvas) -> String {
        let columns = canvas.width.unwrap_or(USUAL).clamp(*WIDTHS.start(), *WIDTHS.end());
        let scale = Scale::of(self.now, &self.ends);
        let axis = Axis { now: self.now, span: scale.end(self.now).duration_since(self.now), columns };
        let mut counts = vec![0_usize; columns];
        for column in self.ends.iter().filter_map(|end| axis.column(*end)) {
            counts[column] += 1;
        }
        let mut text = self.title(scale, counts.iter().sum());
        text.push('\n');
        for line in [bars(&counts, canvas.unicode)].into_iter().chain(ruler(&axis, scale, canvas.unicode)) {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for mark in &self.next {
            if let Some(column) = axis.column(mark.at) {
                text.push_str(&mark.draw(column, columns, canvas));
                text.push('\n');
            }
        }
        text
    }

    fn title(&self, scale: Scale, shown: usize) -> String {
        let overdue = self.ends.iter().filter(|end| **end < self.now).count();
        let later = self.ends.len() - shown - overdue;
        let part = |count: usize, word: &str| (count > 0).then(|| format!("{count} {word}"));
        let parts =
            [part(overdue, "over"), Some(format!("{shown} within {}", scale.name())), part(later, "later")];
        format!("EXPIRIES  {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

impl Mark {
    /// Points at its column from below, with its name on the side where there is room.
    fn draw(&self, column: usize, columns: usize, canvas: Canvas) -> String {
        let (left, right) = if canvas.unicode { ("┘", "└") } else { ("^", "^") };
        let name = safe(&self.name);
        let room = |space: usize| {
            space.checked_sub(2 + 1 + width(&self.when)).filter(|room| *room >= width(&name).min(8))
        };
        if let Some(room) = room(columns - column) {
            let words = format!("{} {}", truncate(&name, room), self.when);
            return format!("{}{right} {}", " ".repeat(column), toned(&words, self.tone, canvas.colour));
        }
        let room = room(column + 1).unwrap_or(1);
        let words = format!("{} {}", truncate(&name, room), self.when);
        let pad = (column + 1).saturating_sub(width(&words) + 2);
        format!("{}{} {left}", " ".repeat(pad), toned(&words, self.tone, canvas.colour))
    }
}

/// How many ends each column has.
fn bars(counts: &[usize], unicode: bool) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: usize| match count {
        0 => ' ',
        _ if unicode => BARS[(count * BARS.len()).div_ceil(most).clamp(1, BARS.len()) - 1],
        1..=9 => char::from(b'0' + u8::try_from(count).unwrap_or(9)),
        _ => '#',
    };
    counts.iter().map(|count| bar(*count)).collect()
}

/// The axis itself, and the names of its ticks as far as they do not touch each other.
fn ruler(axis: &Axis, scale: Scale, unicode: bool) -> [String; 2] {
    let (plain, tick) = if unicode { ('─', '┬') } else { ('-', '+') };
    let mut line = vec![plain; axis.columns];
    let mut names = vec![' '; axis.columns];
    let mut free = 0;
    for (at, name) in scale.ticks(axis.now) {
        let Some(column) = axis.column(at) else { continue };
        line[column] = tick;
        if column >= free && column + name.len() <= axis.columns {
            for (place, char) in names[column..].iter_mut().zip(name.chars()) {
                *place = char;
            }
            free = column + name.len() + 1;
        }
    }
    [line.into_iter().collect(), names.into_iter().collect()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(days: &[i64]) -> Timeline {
        let now: Timestamp = "2027-03-01T12:00:00Z".parse().unwrap();
        let at = |days: &i64| now + SignedDuration::from_hours(24 * days);
        let next = days.iter().filter(|days| **days >= 0).take(5).map(|days| Mark {
            at: at(days),
            name: format!("acme-{days}"),
            when: format!("{} ({days} d)", at(days).strftime("%Y-%m-%d")),
            tone: Tone::Plain,
        });
        Timeline { now, ends: days.iter().map(at).collect(), next: next.collect() }
    }

    fn drawn(days: &[i64], width: usize, unicode: bool) -> String {
        timeline(days).draw(Canvas { width: Some(width), colour: false, unicode })
    }

    #[test]
    fn a_year_in_unicode() {
        insta::assert_snapshot!(drawn(&[-3, 4, 35, 100, 100, 101, 340, 700], 80, true), @"
        EXPIRIES  1 over, 6 within 12 months, 1 later
        ▄      ▄             █▄                                                   ▄
        ──────┬──────┬──────┬─────┬──────┬──────┬─────┬──────┬──────┬─────┬──────┬─────┬
              Apr    May    Jun   Jul    Aug    Sep   Oct    Nov    Dec   2028   Feb
        └ acme-4 2027-03-05 (4 d)
               └ acme-35 2027-04-05 (35 d)
                             └ acme-100 2027-06-09 (100 d)
                             └ acme-100 2027-06-09 (100 d)
                              └ acme-101 2027-06-10 (101 d)
        ");
    }

    #[test]
    fn a_year_in_ascii_on_a_narrow_terminal() {
        insta::assert_snapshot!(drawn(&[4, 35, 100, 100, 101, 340, 700], 40, false), @"
        EXPIRIES  6 within 12 months, 1 later
        1  1      21                         1
        ---+--+---+--+--+---+--+--+---+--+--+--+
           Apr    Jun   Aug Sep   Nov Dec   Feb
        ^ acme-4 2027-03-05 (4 d)
           ^ acme-35 2027-04-05 (35 d)
                  ^ acme-100 2027-06-09 (100 d)
                  ^ acme-100 2027-06-09 (100 d)
                   ^ acme-101 2027-06-10 (101 d)
        ");
    }

    #[test]
    fn a_quarter_has_weeks() {
        insta::assert_snapshot!(drawn(&[0, 1, 30, 89], 60, false), @"
        EXPIRIES  4 within 13 weeks
        2                  1                                      1
        ----+---+----+----+---+----+---+----+----+---+----+----+---+
            03-08    03-22    04-05    04-19     05-03    05-17
        ^ acme-0 2027-03-01 (0 d)
        ^ acme-1 2027-03-02 (1 d)
                           ^ acme-30 2027-03-31 (30 d)
                                        acme-89 2027-05-29 (89 d) ^
        ");
    }

    #[test]
    fn two_years_if_the_first_shows_nothing() {
        insta::assert_snapshot!(drawn(&[699, 700], 80, false), @"
        EXPIRIES  2 within 24 months
                                                                                    2
        ---+--+---+--+--+---+--+--+---+--+--+---+--+--+---+--+--+---+--+--+---+--+--+--+
           Apr    Jun   Aug Sep   Nov Dec   Feb Mar   May Jun   Aug Sep   Nov Dec   Feb
                                                        acme-699 2029-01-28 (699 d) ^
                                                        acme-700 2029-01-29 (700 d) ^
        ");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let many: Vec<i64> = (-20..900).collect();
        for columns in [24, 40, 80, 200] {
            for unicode in [false, true] {
                for line in drawn(&many, columns, unicode).lines().skip(1) {
                    assert!(width(line) <= columns, "{columns}: {line}");
                }
            }
        }
        assert!(drawn(&[364], 24, false).lines().last().unwrap().ends_with('^'));
    }
}
