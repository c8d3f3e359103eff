//! A client that costs next to nothing: one connection that stays open, one request at a time.

use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A connection to a server.
pub struct Browser {
    server: SocketAddr,
    connection: Option<TcpStream>,
    /// Sent with each request.
    pub cookie: String,
}

/// A server's answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Browser {
    pub const fn of(server: SocketAddr) -> Self {
        Self { server, connection: None, cookie: String::new() }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "", b"").await
    }

    pub async fn post(&mut self, path: &str, form: &str) -> Answer {
        let kind = "application/x-www-form-urlencoded";
        self.ask("POST", path, kind, form.as_bytes()).await
    }

    /// Sends a request and reads the whole answer.
    pub async fn ask(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let (server, cookie, length) = (self.server, &self.cookie, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {server}\r\nCookie: {cookie}\r\n\
             Origin: http://{server}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        );
        let mut connection = if let Some(open) = self.connection.take() {
            open
        } else {
            let open = TcpStream::connect(server).await.expect("the shop listens");
            open.set_nodelay(true).expect("it is TCP");
            open
        };
        let request = [head.as_bytes(), body].concat();
        connection.write_all(&request).await.expect("the shop reads");
        let answer = read(&mut connection).await;
        if answer.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        answer
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

async fn read(connection: &mut TcpStream) -> Answer {
    let mut bytes = Vec::with_capacity(1_024);
    let end = loop {
        let read = connection.read_buf(&mut bytes).await.expect("the shop answers");
        assert!(read > 0, "the shop hung up");
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).expect("a head is text");
    let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
    let mut answer = Answer { status, head, body: vec![] };
    let length = answer.header("content-length").map(|length| length.parse().expect("a length"));
    assert!(length.is_some() || status == 304, "{}", answer.head);
    while body.len() < length.unwrap_or(0) {
        let read = connection.read_buf(&mut body).await.expect("the shop goes on");
        assert!(read > 0, "the shop hung up");
    }
    answer.body = body;
    answer
}
