//! A real Chromium on a phone's screen, driven over `WebDriver`. It reaches everything, this
//! machine included, through a proxy: the simulated hotspot. All sessions share one driver, which
//! ends with the last of them.
//!
//! Needs Debian's `chromium` and `chromium-driver`; their absence is a failure, never a pass.

use serde_json::{Value, json};
use std::{
    future::Future,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
    time::Duration,
};

/// How long a page may take to come to what is expected of it.
pub const PATIENCE: Duration = Duration::from_secs(20);
const EVERY: Duration = Duration::from_millis(40);

const MISSING: &str = "the browser stories need Debian's chromium and chromium-driver: run \
                       `bash tests/tools.sh`, which installs them";

/// The checker of accessibility, as `tests/tools.sh` fetched it.
fn axe() -> &'static str {
    static AXE: LazyLock<String> = LazyLock::new(|| {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/axe.min.js");
        std::fs::read_to_string(file).unwrap_or_else(|error| {
            panic!("axe is not there ({error}): run `bash tests/tools.sh`, which fetches it")
        })
    });
    &AXE
}

/// The driver of all sessions.
struct Driver {
    child: Mutex<Child>,
    port: u16,
}

static DRIVER: Mutex<Weak<Driver>> = Mutex::new(Weak::new());

impl Driver {
    fn shared() -> Arc<Self> {
        let mut shared = DRIVER.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let driver = Arc::new(Self::start());
            *shared = Arc::downgrade(&driver);
            driver
        })
    }

    fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver does not start ({error}): {MISSING}"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let port = line.split("successfully on port ").nth(1)?;
            port.trim_end_matches('.').parse().ok()
        });
        let port = port.unwrap_or_else(|| panic!("chromedriver says no port: {MISSING}"));
        // What it says later is read too, or it would stop at a full pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child: Mutex::new(child), port }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let killed = child.kill().and_then(|()| child.wait());
        if !std::thread::panicking() {
            killed.expect("the driver ends");
        }
    }
}

/// One Chromium, with a profile of its own: a phone that was never here.
pub struct Chromium {
    driver: Arc<Driver>,
    http: reqwest::Client,
    path: String,
    _profile: tempfile::TempDir,
}

impl Chromium {
    /// Starts a Chromium that reaches everything through `proxy`.
    pub async fn start(proxy: SocketAddr) -> Self {
        let through = [
            format!("--proxy-server=http://{proxy}"),
            "--proxy-bypass-list=<-loopback>".to_owned(),
        ];
        Self::with(&through).await
    }

    /// Starts a Chromium that is on no hotspot.
    pub async fn start_without_proxy() -> Self {
        Self::with(&["--no-proxy-server".to_owned()]).await
    }

    async fn with(more: &[String]) -> Self {
        let driver = Driver::shared();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut arguments = vec![
            "--headless=new".into(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-quic".into(),
            "--no-first-run".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-extensions".into(),
            "--disable-sync".into(),
            "--disable-dev-shm-usage".into(),
            "--lang=en".into(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        arguments.extend_from_slice(more);
        let wish = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            // A picture of a shop that hangs keeps nobody from tapping.
            "pageLoadStrategy": "eager",
            "timeouts": {"pageLoad": PATIENCE.as_millis()},
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let root = format!("http://127.0.0.1:{}/session", driver.port);
        let answer: Value =
            http.post(&root).json(&wish).send().await.unwrap().json().await.unwrap();
        let id = answer["value"]["sessionId"].as_str().unwrap_or_else(|| {
            panic!("Chromium does not start ({}): {MISSING}", answer["value"]["message"])
        });
        let path = format!("/session/{id}");
        let browser = Self { driver, http, path, _profile: profile };
        browser.set_width(360).await;
        browser
    }

    /// Makes the screen so many CSS pixels wide.
    pub async fn set_width(&self, width: u32) {
        let screen = json!({
            "width": width, "height": 740, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.cdp("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// Whether it is night, by which pages choose their colours.
    pub async fn set_night(&self, night: bool) {
        let scheme = if night { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.cdp("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// Pages run no script from now on.
    pub async fn disable_script(&self) {
        self.cdp("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    }

    async fn cdp(&self, command: &str, parameters: Value) {
        let body = json!({"cmd": command, "params": parameters});
        assert!(self.post("goog/cdp/execute", body).await.is_object(), "{command}");
    }

    /// Opens an address.
    pub async fn open(&self, url: &str) {
        self.post("url", json!({"url": url})).await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.post("refresh", json!({})).await;
    }

    /// Forgets the cookies of the site that is open.
    pub async fn forget_cookies(&self) {
        let url = self.url("cookie");
        assert!(self.http.delete(url).send().await.unwrap().status().is_success());
    }

    /// Runs `script` in the page; `null` while the page is being replaced.
    pub async fn run(&self, script: &str) -> Value {
        self.post("execute/sync", json!({"script": script, "args": []})).await
    }

    /// What axe finds wrong with the page, each with where.
    pub async fn axe(&self) -> Vec<String> {
        let axe = axe();
        let script = format!(
            "{axe};const done = arguments[0];\
             axe.run().then(found => done(found.violations.map(\
               it => it.id + ': ' + it.nodes.map(node => node.html).join(' | '))))"
        );
        let found = self.post("execute/async", json!({"script": script, "args": []})).await;
        let found = found.as_array().expect("axe runs").iter();
        found.map(|it| it.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The element of `selector`.
    pub async fn element(&self, selector: &str) -> String {
        let wish = json!({"using": "css selector", "value": selector});
        let found = self.post("element", wish).await;
        let id = found.as_object().and_then(|found| found.values().next()?.as_str());
        id.unwrap_or_else(|| panic!("no {selector} on the page")).to_owned()
    }

    /// A finger on it: what is covered, hidden or switched off cannot be tapped.
    pub async fn tap(&self, selector: &str) {
        let element = self.element(selector).await;
        let url = self.url(&format!("element/{element}/click"));
        let answer = self.http.post(url).json(&json!({})).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let error = &answer["value"]["error"];
        assert!(error.is_null(), "{selector} cannot be tapped: {error}");
    }

    /// Types into a field.
    pub async fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.post(&format!("element/{element}/value"), json!({"text": text})).await;
    }

    /// Goes into a frame of the page: what is asked for next is asked there.
    pub async fn enter_frame(&self, selector: &str) {
        let element = self.element(selector).await;
        // The name by which WebDriver knows elements.
        let frame = json!({"element-6066-11e4-a52e-4f735466cecf": element});
        self.post("frame", json!({"id": frame})).await;
    }

    /// Back to the page.
    pub async fn leave_frame(&self) {
        self.post("frame", json!({"id": null})).await;
    }

    /// A property of an element, as text.
    pub async fn property(&self, selector: &str, name: &str) -> String {
        let element = self.element(selector).await;
        let value = self.get(&format!("element/{element}/property/{name}")).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Where it is.
    pub async fn address(&self) -> String {
        self.get("url").await.as_str().unwrap_or_default().to_owned()
    }

    /// What the page says.
    pub async fn text(&self) -> String {
        let text = self.run("return document.body ? document.body.innerText : ''").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page says it.
    pub async fn until_it_says(&self, words: &str) {
        let came = holds(async || self.text().await.contains(words)).await;
        if !came {
            let (address, text) = (self.address().await, self.text().await);
            panic!("waited in vain for {words:?}; {address} says:\n{text}");
        }
    }

    /// What the console complains of: errors and violations of the pages' own policy.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.post("se/log", json!({"type": "browser"})).await;
        let entries = entries.as_array().expect("the console can be read").clone();
        entries
            .iter()
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .filter(|message| message.contains("Content Security Policy"))
            .collect()
    }

    async fn get(&self, what: &str) -> Value {
        let url = self.url(what);
        let answer: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        answer["value"].clone()
    }

    async fn post(&self, what: &str, body: Value) -> Value {
        let url = self.url(what);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let failed = answer["value"].get("error").is_some();
        if failed { Value::Null } else { answer["value"].clone() }
    }

    fn url(&self, what: &str) -> String {
        format!("http://127.0.0.1:{}{}/{what}", self.driver.port, self.path)
    }
}

impl Drop for Chromium {
    /// Ends the session first, or Chromium would outlive its driver; also when a test fails.
    fn drop(&mut self) {
        let delete = format!(
            "DELETE {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n",
            self.path
        );
        let mut answer = [0; 12];
        let driver = (Ipv4Addr::LOCALHOST, self.driver.port);
        let ended = TcpStream::connect(driver).and_then(|mut stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(delete.as_bytes())?;
            stream.read_exact(&mut answer)
        });
        if !std::thread::panicking() {
            ended.expect("the session ends");
            assert_eq!(&answer, b"HTTP/1.1 200");
        }
    }
}

/// Waits until `check` holds.
pub async fn until<F: Future<Output = bool>>(what: &str, check: impl Fn() -> F) {
    assert!(holds(check).await, "waited in vain for: {what}");
}

async fn holds<F: Future<Output = bool>>(check: impl Fn() -> F) -> bool {
    let waiting = async {
        while !check().await {
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.is_ok()
}
