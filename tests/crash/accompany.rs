//! A command that is interrupted while somebody with a browser takes part.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use url::Url;

use crate::common::login::Page;
use crate::common::{Place, Ran};

/// Runs a login to its end, whatever that is, with a browser that goes where it is sent.
pub(crate) fn accompanied(place: &Place, command: &mut Command) -> Ran {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stderr = child.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut said = String::new();
        for line in BufReader::new(stderr).lines() {
            let Ok(line) = line else { break };
            if let Some(address) = line.strip_prefix("  http").and_then(|_| Url::parse(line.trim()).ok()) {
                std::thread::spawn(move || visit(address));
            }
            said = said + &line + "\n";
        }
        said
    });
    let mut output = child.wait_with_output().unwrap();
    output.stderr = reading.join().unwrap().into_bytes();
    place.normalise(&output)
}

/// Follows redirects until a page or nobody answers: whoever listens may be killed at any time.
fn visit(address: Url) {
    let mut next = Some(address);
    while let Some(url) = next {
        next = Page::try_get(&url).ok().and_then(|page| page.redirect());
    }
}
