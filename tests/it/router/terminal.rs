//! The terminal of the demo's router, where technicians practise.

use crate::browser::buyer;
use lango::{adapters::http, ports::SystemClock, simulators::town::terminal};
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn the_demo_has_a_router_to_practise_on() {
    let (mut world, _folder) = buyer::world(Arc::new(SystemClock), false).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopping = async move {
        let _ = stopped.await;
    };
    world.start(stopping).unwrap();
    let at = format!("http://{}{}", world.addresses.phone, terminal::PATH);
    let web = http::client(Duration::from_secs(30)).unwrap();
    let page = web.get(&at).send().await.unwrap().text().await.unwrap();
    let line = page.split("<textarea").nth(1).unwrap().split(['>', '<']).nth(1).unwrap();
    assert!(line.starts_with("/tool fetch url=\"http://"), "{page}");
    let run = async |line: &str| {
        let sent = web.post(&at).form(&[("line", line)]).send().await.unwrap();
        assert_eq!(sent.status(), 303);
        web.get(&at).send().await.unwrap().text().await.unwrap()
    };
    let page = run(line).await;
    assert!(page.contains("<b>Ready"), "{page}");
    assert!(!page.contains("FAIL"), "{page}");
    let page = run("/nonsense <b>").await;
    assert!(page.contains("<strong>bad command name nonsense"), "{page}");
    assert!(page.contains("/nonsense &lt;b&gt;"), "{page}");
    drop(stop);
    world.stopped().await;
}
