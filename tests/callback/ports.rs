//! The port: both addresses, before anything else, and free again afterwards.

use std::io::ErrorKind;

use tokenctl::oauth::callback::{BindError, BindRequest, Listener, Outcome};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::world::{PATH, V4, V6, World, seed, send};

fn at(port: u16) -> BindRequest {
    BindRequest { port, path: PATH.to_owned(), host: "localhost".to_owned(), public_port: None }
}

#[tokio::test]
async fn both_addresses_answer() {
    for address in [V4, V6] {
        let mut world = World::start().await;
        let stray = send(address, world.port, &world.get("/")).await.expect("both are listened on");
        assert_eq!(stray.status, 404);
        world.succeed(address).await;
    }
}

#[tokio::test]
async fn a_port_that_is_taken_on_one_address_is_taken() {
    seed();
    for address in [V4, V6] {
        let other = TcpListener::bind((address, 0)).await.unwrap();
        let port = other.local_addr().unwrap().port();
        match Listener::bind(&at(port)).await {
            Err(BindError::Taken { port: taken, address: on }) => assert_eq!((taken, on), (port, address)),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("somebody else would get the code on {address}"),
        }
        // What was taken before the refusal was given back.
        let free = if address == V4 { V6 } else { V4 };
        TcpListener::bind((free, port)).await.unwrap();
    }
}

#[tokio::test]
async fn the_port_is_ours_before_anybody_is_answered_and_free_when_it_is_over() {
    let listener = Listener::bind(&at(0)).await.unwrap();
    let port = listener.port();
    assert!(matches!(Listener::bind(&at(port)).await, Err(BindError::Taken { .. })));
    drop(listener);
    let mut world = World::start().await;
    let port = world.port;
    let onward = world.succeed(V4).await;
    let request = world.get(&onward);
    let (page, ()) = tokio::join!(send(V6, port, &request), world.callback.conclude(Outcome::Connected));
    assert_eq!(page.unwrap().status, 200);
    for address in [V4, V6] {
        let refused = TcpStream::connect((address, port)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
    Listener::bind(&at(port)).await.expect("another login can follow at once");
}

#[tokio::test]
async fn giving_up_ends_everything() {
    let world = World::start().await;
    let port = world.port;
    drop(world);
    for _ in 0..1000 {
        if TcpStream::connect((V4, port)).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("still listening");
}

#[test]
fn redirect_uris_tell_where_to_listen() {
    let request = |uri: &str| BindRequest::of_redirect_uri(&Url::parse(uri).unwrap());
    for (uri, port, path, host) in [
        ("http://localhost:8765/callback/quickbooks", 8765, "/callback/quickbooks", "localhost"),
        ("http://localhost/", 80, "/", "localhost"),
        ("http://127.0.0.1/cb", 0, "/cb", "127.0.0.1"),
        ("http://[::1]:9000/cb", 9000, "/cb", "[::1]"),
    ] {
        let (path, host) = (path.to_owned(), host.to_owned());
        assert_eq!(request(uri).unwrap(), BindRequest { port, path, host, public_port: None }, "{uri}");
    }
    for uri in ["https://localhost:8765/cb", "http://example.com/cb", "http://192.0.2.1:80/cb", "app:/cb"] {
        assert!(matches!(request(uri), Err(BindError::Place(_))), "{uri}");
    }
}

#[tokio::test]
async fn a_browser_must_call_us_by_the_registered_name() {
    let address = async |host: &str, public_port| {
        let listener = Listener::bind(&BindRequest { host: host.to_owned(), public_port, ..at(0) }).await;
        let listener = listener.unwrap();
        (listener.address(), listener.port())
    };
    let (uri, port) = address("127.0.0.1", None).await;
    assert_eq!(uri, format!("http://127.0.0.1:{port}{PATH}"));
    assert_eq!(address("[::1]", Some(9000)).await.0, format!("http://[::1]:9000{PATH}"));
    assert_eq!(address("localhost", Some(80)).await.0, format!("http://localhost{PATH}"));
}

#[tokio::test]
async fn paths_that_cannot_be_matched_are_refused() {
    for path in ["", "callback", "//evil.example", "/a?b", "/a#b", "/a b", "/a\r\nx: y", "/ä"] {
        let request = BindRequest { path: path.to_owned(), ..at(0) };
        assert!(matches!(Listener::bind(&request).await, Err(BindError::Place(_))), "{path:?}");
    }
}
