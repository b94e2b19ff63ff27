//! Servers that say exactly what they are told to: what no well-behaved server, the simulator included, can say.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::server::Acceptor;

/// Reads one request and then lets `talk` have the connection, for every connection until the test ends; returns the
/// URL of its token endpoint.
pub(crate) fn serve(talk: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> String {
    let (listener, url) = listen();
    let talk = Arc::new(talk);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), talk) = (stream, Arc::clone(&talk)) else { continue };
            std::thread::spawn(move || {
                if read_request(&mut stream).is_some() {
                    talk(&mut stream);
                }
            });
        }
    });
    url
}

/// Answers every request with these bytes and closes.
pub(crate) fn answer(bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    serve(move |stream| drop(stream.write_all(&bytes)))
}

/// A whole answer with this status, content type and body.
pub(crate) fn http(status: u16, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Whatever\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Reads headers and body; `None` if the client went away first.
fn read_request(stream: &mut TcpStream) -> Option<()> {
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&seen);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some(());
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(count) => seen.extend_from_slice(&piece[..count]),
        }
    }
}

/// Sends these bytes and resets the connection: a socket that is closed with unread data does not say farewell.
pub(crate) fn answer_and_reset(bytes: impl Into<Vec<u8>>) -> String {
    let (listener, url) = listen();
    let bytes = bytes.into();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0]).and_then(|_| stream.write_all(&bytes));
        }
    });
    url
}

/// An HTTP server that is spoken to in another language, and says so in its own.
pub(crate) fn plain_port() -> String {
    let (listener, url) = listen();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let refusal = http(400, "text/plain", "the plain HTTP request was sent to another port");
            let _ = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all(refusal.as_bytes()));
        }
    });
    url
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    (listener, url)
}

/// An endpoint over TLS whose certificate nobody vouches for.
pub(crate) fn untrusted_tls() -> String {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&pair).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], pair.serialize_der().try_into().unwrap())
        .unwrap();
    let config = Arc::new(config);
    let (listener, url) = listen();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            std::thread::spawn(move || {
                let mut acceptor = Acceptor::default();
                while acceptor.read_tls(&mut stream).is_ok_and(|count| count > 0) {
                    let Ok(Some(accepted)) = acceptor.accept() else { continue };
                    let Ok(mut connection) = accepted.into_connection(config) else { return };
                    // Ends with the client's alert.
                    let _ = connection.complete_io(&mut stream);
                    return;
                }
            });
        }
    });
    url.replace("http:", "https:")
}
