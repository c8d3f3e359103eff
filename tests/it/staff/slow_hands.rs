//! Requests that never end: somebody opens a form's request and does not finish it.

use crate::{outside::in_time, town::Town};
use lango::ledger::staff::Role;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

/// More than the desk does at once.
const REQUESTS: usize = 40;

#[tokio::test]
async fn whoever_sends_slowly_holds_up_nobody_at_the_desk() {
    let mut town = Town::open().await;
    let mut owner = town.clerk("Amina", Role::Owner).await;
    owner.signs_in().await;
    let desk = town.shop().desk;
    let cookies: Vec<String> =
        owner.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut slow = vec![];
    for _ in 0..REQUESTS {
        let mut line = TcpStream::connect(desk).await.unwrap();
        let head = format!(
            "POST /admin/money/refund HTTP/1.1\r\nHost: {desk}\r\nOrigin: http://{desk}\r\n\
             Cookie: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: 100\r\n\r\ntoken=",
            cookies.join("; ")
        );
        line.write_all(head.as_bytes()).await.unwrap();
        slow.push(line);
    }
    in_time(owner.opens("/admin")).await;
    assert_eq!(owner.at, "/admin");
    in_time(owner.opens("/admin/stock")).await;
    assert_eq!(owner.at, "/admin/stock");
    drop(slow);
    town.close().await;
}

crate::on_postgres_too! {
    whoever_sends_slowly_holds_up_nobody_at_the_desk,
}
