//! The shop in its own process: a ledger prepared by the command line, and `lango serve` on it.
//! Nothing here calls the library, so that a binary of another commit can be measured as well.

use crate::{
    machine::Process,
    place::{Database, Place},
    providers::Providers,
};
use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// So many that the limits on one site never hold the load back.
pub const SITES: usize = 200;
const SERVES_WITHIN: Duration = Duration::from_mins(1);
const ROUTER_LOGIN: &str = "http://10.5.50.1/login";

/// A binary to be measured.
pub struct Binary {
    pub name: String,
    path: PathBuf,
}

impl Binary {
    pub fn at(path: &Path) -> Self {
        let whole = path.canonicalize();
        let whole = whole.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, path: whole }
    }

    /// The binary of this tree.
    pub fn ours() -> Self {
        Self { name: "lango".into(), path: env!("CARGO_BIN_EXE_lango").into() }
    }

    /// A command in a ledger's folder, which hears nothing of the caller's environment.
    fn command(&self, ledger: &Ledger) -> Command {
        let mut command = Command::new(&self.path);
        command.env_clear().current_dir(&ledger.folder).stdin(Stdio::null());
        command.env("LANGO_DATABASE__URL", ledger.database.url());
        command
    }

    /// Runs a command to its end and returns what it printed.
    pub fn run(&self, ledger: &Ledger, arguments: &[&str]) -> String {
        let output = self.command(ledger).args(arguments).output().expect("the binary starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} {arguments:?}: {error}", self.name);
        String::from_utf8(output.stdout).expect("it prints text")
    }
}

/// A ledger, and the folder with its key, configuration and log.
pub struct Ledger {
    pub folder: PathBuf,
    pub database: Database,
}

impl Ledger {
    /// A new ledger with sites, a package at each, and so many codes at each.
    pub fn prepare(binary: &Binary, place: &Place, codes: usize) -> Self {
        let folder = place.new_folder();
        let ledger = Self { database: place.new_database(&folder), folder };
        ledger.add_site(binary, 0, codes);
        let next = AtomicUsize::new(1);
        let fill = || {
            loop {
                match next.fetch_add(1, Ordering::Relaxed) {
                    SITES.. => break,
                    n => ledger.add_site(binary, n, codes),
                }
            }
        };
        std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(fill))));
        ledger
    }

    fn add_site(&self, binary: &Binary, n: usize, codes: usize) {
        let (id, file) = (format!("bench-{n}"), format!("codes-{n}"));
        let site = ["site", "add", "--id", &id, "--name", "Bench", "--router-login", ROUTER_LOGIN];
        binary.run(self, &site);
        let package = ["package", "add", "--site", &id, "--id", "daily", "--name", "Daily"];
        let terms = ["--price", "50", "--validity", "1d", "--profile", "daily"];
        binary.run(self, &[&package[..], &terms[..]].concat());
        let codes: Vec<_> = (0..codes).map(|code| format!("C{n}X{code:06}")).collect();
        std::fs::write(self.folder.join(&file), codes.join("\n")).expect("the folder is ours");
        binary.run(self, &["vouchers", "import", &file, "--site", &id, "--package", "daily"]);
        std::fs::remove_file(self.folder.join(&file)).expect("it was there");
    }

    /// Its master key.
    pub fn key(&self) -> [u8; 32] {
        let text = std::fs::read_to_string(self.folder.join("lango.key")).expect("it has a key");
        lango::app::parse_key(text.trim()).expect("it is a key")
    }

    /// A copy to sell from; this one stays as it is.
    pub fn copy(&self, place: &Place) -> Self {
        let folder = place.new_folder();
        for name in ["lango.key", "lango.mark"] {
            if self.folder.join(name).exists() {
                std::fs::copy(self.folder.join(name), folder.join(name)).expect("it is copied");
            }
        }
        Self { database: self.database.copy(&folder), folder }
    }

    /// Removes all of it.
    pub fn remove(self) {
        self.database.remove();
        std::fs::remove_dir_all(&self.folder).expect("the folder is ours");
    }
}

/// A running `lango serve`; killed when dropped.
pub struct Serving {
    child: Child,
    /// Where buyers and providers reach it.
    pub shop: SocketAddr,
    /// Where staff reach it.
    pub desk: SocketAddr,
    /// How long it took until it listened.
    pub start: Duration,
}

impl Serving {
    /// Starts it, with its providers simulated in this process.
    pub fn start(binary: &Binary, ledger: &Ledger, providers: &Providers) -> Self {
        let (shop, desk) = (free_address(), free_address());
        let file = ledger.folder.join("lango.toml");
        std::fs::write(file, providers.configuration(shop, desk)).expect("the folder is ours");
        let reports = binary.run(ledger, &["sms", "addresses"]);
        let reports = reports.split_whitespace().nth(1).and_then(|text| text.parse().ok());
        providers.report_to(reports.expect("an address for delivery reports"));
        let log = File::create(ledger.folder.join("log")).expect("the folder is ours");
        let begun = Instant::now();
        let child = binary.command(ledger).arg("serve").stdout(Stdio::null()).stderr(log).spawn();
        let child = child.expect("the binary starts");
        let mut serving = Self { child, shop, desk, start: Duration::ZERO };
        while TcpStream::connect(desk).is_err() {
            let ended = serving.child.try_wait().expect("it is our child");
            if ended.is_some() || begun.elapsed() > SERVES_WITHIN {
                let said = std::fs::read_to_string(ledger.folder.join("log"));
                panic!("{} does not serve: {}", binary.name, said.unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        serving.start = begun.elapsed();
        serving
    }

    pub fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(mut self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().expect("there is kill");
        assert!(sent.success(), "the shop ended by itself");
        self.child.wait().expect("it is our child");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may be gone already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it listens")
}
