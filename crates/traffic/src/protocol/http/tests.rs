use super::REGISTRATION;
use crate::decode::{Peek, Side, Verdict, drive};
use hangtu_record::Transport;

#[test]
fn keep_alive_with_sized_and_chunked_bodies() {
    let client: &[u8] = b"POST /login?password=x HTTP/1.1\r\nHost: hmi\r\nContent-Length: 7\r\n\
        User-Agent: Mozilla/5.0 (Windows NT 6.1; WOW64)\r\n\r\n1234567\
        GET /a HTTP/1.1\r\nHost: hmi\r\nAuthorization: Basic b3A6c2VjcmV0\r\n\r\n";
    let server: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer: GoAhead\r\n\r\n\
        5;x=y\r\nHTTP/\r\n3\r\n1.1\r\n0\r\nTrailer: 1\r\n\r\n\
        HTTP/1.1 401 No\r\nContent-Type: text/html; charset=x\r\nContent-Length: 3\r\n\r\nabc";
    let whole =
        drive(&REGISTRATION, Transport::Tcp, [(Side::Client, client), (Side::Server, server)]);
    let told = crate::protocol::told(&whole.0, &whole.1);
    insta::assert_snapshot!(told, @r#"
    http.request.method = POST
    url.path = /login
    url.domain = hmi
    user_agent.original = Mozilla/5.0 (Windows NT 6.1; WOW64)
    http.request.method = GET
    url.path = /a
    user.name = op
    authentication.method = basic
    http.response.status_code = 200
    server.banner = GoAhead
    http.response.status_code = 401
    authentication.outcome = failure
    http.response.mime_type = text/html
    "#);
    // Byte by byte it reads the same.
    let bytes = client.chunks(1).map(|b| (Side::Client, b));
    let pieces = drive(
        &REGISTRATION,
        Transport::Tcp,
        bytes.chain(server.chunks(1).map(|b| (Side::Server, b))),
    );
    assert_eq!(told, crate::protocol::told(&pieces.0, &pieces.1));
}

#[test]
fn what_only_looks_like_heads_is_passed_over() {
    let opening = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\0\0junk\n\n";
    let junk = b"GET x ".repeat(10_000);
    let found = b"\nGET /found HTTP/1.1\r\nHost: b\r\n\r\n";
    let pieces = std::iter::once(&opening[..])
        .chain(std::iter::repeat_n(&junk[..], 100))
        .chain([&found[..]])
        .map(|bytes| (Side::Client, bytes));
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, pieces);
    insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
    http.request.method = GET
    url.path = /
    url.domain = a
    url.path = /found
    url.domain = b
    1 unreadable http
    "#);
    // Start lines that no head follows.
    let lines = b"GET / HTTP/1.1\n".repeat(200_000);
    let pieces = lines.chunks(60_000).map(|bytes| (Side::Client, bytes));
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, pieces);
    assert_eq!((out.unreadable, facts.len()), (vec![("http", 181)], 0));
}

#[test]
fn a_long_head_may_come_byte_by_byte() {
    let lines = b"a:\n".repeat(10_000);
    let head = [&b"GET / HTTP/1.1\r\n"[..], &lines, b"Host: z\r\n\r\n"].concat();
    let pieces = head.chunks(1).map(|byte| (Side::Client, byte));
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, pieces);
    insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
    http.request.method = GET
    url.path = /
    url.domain = z
    "#);
}

#[test]
fn only_http_is_taken_for_http() {
    let peek = |bytes: &[u8]| {
        (REGISTRATION.probe)(Peek { bytes, by_port: None, transport: Transport::Tcp })
    };
    assert_eq!(peek(b"GET / HTTP/1.0\r\n"), Verdict::Yes(Some(Side::Client)));
    assert_eq!(peek(b"HTTP/1.1 404 "), Verdict::Yes(Some(Side::Server)));
    assert_eq!(peek(b"OPTIONS rtsp://cam/1 RTSP/1.0\r\n"), Verdict::No);
    assert_eq!(peek(b"OPTIO"), Verdict::More);
    assert_eq!(peek(b"GETTING"), Verdict::No);
}
