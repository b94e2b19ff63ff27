//! QR codes for terminals: two rows of modules in a line of half blocks.

use qrcode::{Color, EcLevel, QrCode};
use zeroize::Zeroizing;

/// The light border that readers need (ISO/IEC 18004 section 6.3.8), in modules.
const QUIET: usize = 4;

/// Draws `text`; `None` if it is too long for any code. What is drawn is as secret as the text.
///
/// Light modules are the blocks, so that it is dark on light on the usual dark terminal.
pub fn draw(text: &str) -> Option<Zeroizing<String>> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L).ok()?;
    let width = code.width();
    let colours =
        Zeroizing::new(code.to_colors().iter().map(|colour| *colour == Color::Dark).collect::<Vec<_>>());
    let side = width + 2 * QUIET;
    let is_light = |row: usize, column: usize| {
        let inside = (QUIET..QUIET + width).contains(&row) && (QUIET..QUIET + width).contains(&column);
        !(inside && colours[(row - QUIET) * width + (column - QUIET)])
    };
    // Three bytes for a block: never outgrown.
    let mut drawn = Zeroizing::new(String::with_capacity(side.div_ceil(2) * (3 * side + 1)));
    for row in (0..side).step_by(2) {
        for column in 0..side {
            drawn.push(match (is_light(row, column), row + 1 >= side || is_light(row + 1, column)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        drawn.push('\n');
    }
    Some(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_a_border_and_the_size_of_its_version() {
        let drawn = draw("https://app.example/#token=abc").unwrap();
        let lines: Vec<_> = drawn.lines().collect();
        // Version 2 has 25 modules.
        assert_eq!((lines.len(), lines[0].chars().count()), ((25 + 8_usize).div_ceil(2), 25 + 8));
        assert!(lines[0].chars().all(|char| char == '█') && lines[1].chars().all(|char| char == '█'));
        assert!(lines.iter().all(|line| line.starts_with("████") && line.ends_with("████")));
    }

    #[test]
    fn what_does_not_fit_is_not_drawn() {
        assert!(draw(&"a".repeat(2900)).is_some());
        assert!(draw(&"a".repeat(3000)).is_none());
    }
}
