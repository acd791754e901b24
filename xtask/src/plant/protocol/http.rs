//! HTTP/1.1 (RFC 9112): a page of the intranet.

use crate::plant::{clock::Time, host::Host, line::Line, net::Net};

pub(in crate::plant) fn page(
    net: &mut Net,
    time: Time,
    client: Host,
    (server, name): (Host, &str),
    path: &str,
) {
    let mut line = Line::open(net, time, client, server, 80);
    let ask = format!(
        "GET {path} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; \
         x64) Chrome/131.0\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    );
    let page = "<!doctype html><title>厂区门户</title><p>今日生产计划</p>".repeat(6);
    let say = format!(
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\n\r\n{page}",
        page.len()
    );
    line.ask(net, ask.as_bytes(), say.as_bytes());
    line.close(net);
}
