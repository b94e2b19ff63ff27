use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::super::error::Unreachable;
use super::super::transport::Problem;
use super::*;
use crate::clock::Clock;

/// A server on loopback whose certificate is for `name` and ends at `end`; returns it with its authority.
async fn tls_server(name: &str, year: i32) -> (SocketAddr, Vec<u8>) {
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(year, 1, 1);
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS12, &TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], pair.serialize_der().try_into().unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
            let _ = stream.shutdown().await;
        }
    });
    (address, certificate.pem().into_bytes())
}

async fn post(url: &str, authorities: Option<Vec<u8>>) -> Result<Answer, Failure> {
    post_over(Line::Lasting, url, authorities).await
}

async fn post_over(line: Line, url: &str, authorities: Option<Vec<u8>>) -> Result<Answer, Failure> {
    let options = ClientOptions { extra_authorities: authorities, ..ClientOptions::default() };
    let clock = Clock::system();
    let conversation = Conversation { clock: &clock, request_id_headers: &[] };
    let outgoing = Outgoing {
        url: &url.parse().unwrap(),
        body: Some((Notation::Form, Zeroizing::new(b"a=b".to_vec()))),
        authorization: None,
        headers: &[],
        line,
    };
    let client = Client::new(options).unwrap();
    client.send(outgoing, Duration::from_secs(5), conversation).await.unwrap()
}

#[tokio::test]
async fn only_a_trusted_certificate_for_the_name_and_time_will_do() {
    let (address, authority) = tls_server("localhost", 2999).await;
    let url = format!("https://localhost:{}/", address.port());
    let answer = post(&url, Some(authority.clone())).await.unwrap_or_else(|failure| panic!("{failure:?}"));
    assert_eq!((answer.status, answer.body.expose().as_slice()), (200, b"{}".as_slice()));

    for (what, url, authority) in [
        ("unknown authority", url, None),
        ("other name", format!("https://127.0.0.1:{}/", address.port()), Some(authority)),
        {
            let (address, authority) = tls_server("localhost", 2021).await;
            ("expired", format!("https://localhost:{}/", address.port()), Some(authority))
        },
    ] {
        let failure = post(&url, authority).await.err().unwrap();
        assert!(
            matches!(&failure.problem, Problem::Unreachable(Unreachable::Tls(why)) if why.contains("certificate")),
            "{what}: {failure:?}"
        );
    }
}

#[tokio::test]
async fn a_server_without_tls_is_named_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
    });
    let failure = post(&format!("https://{address}/"), None).await.err().unwrap();
    assert!(matches!(failure.problem, Problem::Unreachable(Unreachable::Tls(_))), "{failure:?}");
}

#[tokio::test]
async fn a_body_of_unknown_length_is_read_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        for _ in 0..1024 {
            stream.write_all(&[b'x'; 1023]).await.unwrap();
        }
    });
    let answer =
        post(&format!("http://{address}/"), None).await.unwrap_or_else(|failure| panic!("{failure:?}"));
    assert_eq!(answer.body.expose().len(), 1024 * 1023);
}

#[test]
fn authorities_that_are_none_are_refused() {
    for pem in [&b""[..], b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n", b"\xff"] {
        let options = ClientOptions { extra_authorities: Some(pem.to_vec()), ..ClientOptions::default() };
        assert_eq!(Client::new(options).err(), Some(ClientError::Authorities));
    }
}

#[tokio::test]
async fn another_machine_is_asked_by_https_only() {
    // Refused before a name is looked up; `endpoints` would not have let it come this far.
    let failure = post("http://vendor.invalid/", None).await.err().unwrap();
    assert!(matches!(failure.problem, Problem::Unreachable(Unreachable::Connect(_))), "{failure:?}");
}
