//! Passes a phone's request on to a server that listens on this machine. It speaks HTTP/1.0, whose
//! answers end with the connection, so no chunks need to be read.

use super::servlet::{Answer, Visit};
use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Headers that belong to one connection, or that are set anew here.
const NOT_PASSED_ON: &str = "connection proxy-connection keep-alive transfer-encoding \
                             content-length upgrade te";

fn is_passed_on(header: &str) -> bool {
    NOT_PASSED_ON.split(' ').all(|name| name != header)
}

const FETCH_PATIENCE: Duration = Duration::from_secs(30);

pub async fn forward(
    server: SocketAddr,
    method: &str,
    target: &str,
    visit: &Visit,
    body: &[u8],
) -> io::Result<Answer> {
    let mut head = format!("{method} {target} HTTP/1.0\r\n");
    for (name, value) in &visit.headers {
        if is_passed_on(name) {
            head.extend([name, ": ", value, "\r\n"]);
        }
    }
    let length = body.len().to_string();
    head.extend(["content-length: ", &length, "\r\nconnection: close\r\n\r\n"]);
    let mut stream = TcpStream::connect(server).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    read(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no HTTP answer"))
}

/// Sends a request as the router's own `/tool fetch` does, and waits for the answer.
pub fn ask(server: SocketAddr, head: &str, body: &[u8]) -> io::Result<Answer> {
    let mut stream = std::net::TcpStream::connect(server)?;
    stream.set_read_timeout(Some(FETCH_PATIENCE))?;
    let length = body.len();
    let head = format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    read(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no HTTP answer"))
}

fn read(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .filter(|(name, _)| is_passed_on(name))
        .collect();
    Some(Answer { status, headers, body: bytes[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let answer =
            read(b"HTTP/1.0 303 See Other\r\nLocation: /p/x\r\nConnection: close\r\n\r\nhi");
        let headers = vec![("location".into(), "/p/x".into())];
        assert_eq!(answer, Some(Answer { status: 303, headers, body: b"hi".to_vec() }));
        assert_eq!(read(b"garbage"), None);
    }
}
