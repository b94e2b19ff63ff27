//! A vendor that repeats what it is told: it grants tokens that are easy to find again, and puts tokens and
//! assertions into every corner of its refusals.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use tokenctl::domain::ids::hex;

/// How it answers. `{a}` stands for the assertion, `{t}` for a token that was never given before, both JSON-escaped.
const ANSWERS: &[(&str, &str, &str)] = &[
    ("grants", "200 OK", r#"{"access_token":"{t}","token_type":"Bearer","expires_in":3600}"#),
    ("quotes", "400 Bad Request", r#"{"error":"invalid_client","error_description":"no: {a} for {t}"}"#),
    (
        "quotes the form",
        "401 Unauthorized",
        r#"{"error":"invalid_grant","error_description":"client_assertion={a}&x={t}"}"#,
    ),
    ("quotes as the code", "400 Bad Request", r#"{"error":"{a}","error_description":"{t}"}"#),
    ("quotes the token as the code", "400 Bad Request", r#"{"error":"{t}"}"#),
    ("a page", "500 Internal Server Error", "<html><title>{a}</title>{t}</html>"),
    ("text", "502 Bad Gateway", "{a} {t}"),
    ("a redirect", "302 Found\r\nLocation: /elsewhere?client_assertion={a}&access_token={t}", ""),
    (
        "headers",
        "400 Bad Request\r\nX-Request-Id: {a}\r\nX-N-OperationId: {a}\r\nWWW-Authenticate: Bearer error=\"{a}\"",
        r#"{"error":"invalid_client"}"#,
    ),
    ("a token that cannot be", "200 OK", r#"{"access_token":"{t}\u0007","token_type":"Bearer"}"#),
    ("a type that is a token", "200 OK", r#"{"access_token":"{t}","token_type":"{t}"}"#),
    (
        "a lifetime that is a token",
        "200 OK",
        r#"{"access_token":"{t}","token_type":"Bearer","expires_in":"{t}"}"#,
    ),
    (
        "an error with a token",
        "500 Internal Server Error",
        r#"{"access_token":"{t}","error":"server_error","error_description":"after {t}"}"#,
    ),
    ("half", "200 OK", r#"{"access_token":"{t}","token_ty"#),
];

/// A running parrot.
pub(crate) struct Parrot {
    pub(crate) url: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    mode: usize,
    assertions: Vec<String>,
    tokens: Vec<String>,
}

impl Parrot {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(Shared::default()));
        let for_thread = Arc::clone(&shared);
        // Lives as long as the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(&stream, &for_thread);
            }
        });
        Self { url, shared }
    }

    /// The ways to answer.
    pub(crate) fn modes() -> impl Iterator<Item = &'static str> {
        ANSWERS.iter().map(|(mode, ..)| *mode)
    }

    pub(crate) fn set(&self, mode: &str) {
        self.shared.lock().unwrap().mode = ANSWERS.iter().position(|(name, ..)| *name == mode).unwrap();
    }

    /// Every assertion that was sent here.
    pub(crate) fn assertions(&self) -> Vec<String> {
        self.shared.lock().unwrap().assertions.clone()
    }

    /// Every token that was given, in whatever way.
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.shared.lock().unwrap().tokens.clone()
    }
}

fn answer(stream: &TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let assertion = url::form_urlencoded::parse(&body)
        .find(|(name, _)| name == "client_assertion")
        .map_or_else(|| "none".to_owned(), |(_, value)| value.into_owned());
    let mut shared = shared.lock().unwrap();
    // Characters that JSON, URLs and shells write differently.
    let random: String = unique(shared.tokens.len());
    let token = format!("tok'en\"/+%41=\\{random}");
    let (_, status, template) = ANSWERS[shared.mode];
    let json = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    let fill = |template: &str| {
        template.replace("{a}", &json(&assertion)).replace("{t}", &json(&token).replace("\\\\\"", "\""))
    };
    let (status, content) = (fill(status), fill(template));
    shared.assertions.push(assertion);
    shared.tokens.push(token);
    drop(shared);
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{content}",
        content.len()
    )
}

fn unique(number: usize) -> String {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    format!("{number}{}", hex(&random))
}
