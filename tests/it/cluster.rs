//! A PostgreSQL cluster of the tests' own, from Debian's binaries: on a socket in a folder of its
//! own, without a port, with full durability. It is started once a process and goes when the
//! process does, however that ends: a shell waits for the end of its input.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Obeys what comes in, a word a line, with a cluster in the folder `$1` and the binaries in `$2`;
/// says `done` after each, and removes the cluster when the input ends. Whoever is root becomes the
/// owner of Debian's clusters, because no cluster runs as root.
const SCRIPT: &str = r#"
set -eu
folder=$1 bin=$2
as_owner() { "$@"; }
if [ "$(id -u)" -eq 0 ]; then
    as_owner() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
    chown postgres "$folder"
fi
cd "$folder"
while read -r word; do
    case $word in
    make)
        as_owner "$bin/initdb" -D data -U lango -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
            >initdb.log ;;
    start)
        as_owner "$bin/pg_ctl" start -w -s -D data -l "$folder/data/log" \
            -o "-c listen_addresses= -k $folder -c max_connections=300 -c shared_buffers=64MB" ;;
    crash)
        as_owner "$bin/pg_ctl" stop -s -m immediate -D data ;;
    esac
    echo done
done
as_owner "$bin/pg_ctl" stop -s -m immediate -D data 2>stop.log || true
rm -rf "$folder"
"#;

/// The cluster.
pub struct Cluster {
    folder: PathBuf,
    bin: PathBuf,
    /// Its input ends with this process, or when this is dropped.
    shell: Mutex<Child>,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
/// Where the folders of clusters are made, unless somebody says so first: in memory.
pub static PLACE: OnceLock<PathBuf> = OnceLock::new();
static SCHEMAS: AtomicUsize = AtomicUsize::new(0);

/// The cluster of this process.
pub fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(Cluster::start)
}

impl Cluster {
    /// Starts a cluster of one's own.
    pub fn start() -> Self {
        let place = PLACE.get_or_init(memory);
        let folder = tempfile::Builder::new().prefix("lango-").tempdir_in(place);
        let folder = folder.expect("a folder is made").keep();
        let bin = binaries();
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "cluster"]).arg(&folder).arg(&bin);
        // A group of its own: Ctrl-C ends the tests, and their end ends the cluster.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let shell = Mutex::new(shell.spawn().expect("there is a shell"));
        let cluster = Self { folder, bin, shell };
        cluster.obeys("make");
        cluster.obeys("start");
        cluster
    }

    /// Does what a word says: `make`, `start` or `crash`, which is as if the power failed.
    pub fn obeys(&self, word: &str) {
        let mut shell = self.shell.lock().expect("nobody panics while it obeys");
        let input = shell.stdin.as_mut().expect("its input is piped");
        input.write_all(format!("{word}\n").as_bytes()).expect("the shell listens");
        let mut said = String::new();
        let output = shell.stdout.as_mut().expect("its output is piped");
        // It says one line and waits, so nothing is read ahead.
        BufReader::new(output).read_line(&mut said).expect("the shell speaks");
        assert_eq!(said, "done\n", "{word}: see its words above");
    }

    /// Makes a schema and returns its name.
    pub fn new_schema(&self) -> String {
        let name = format!("town_{}", SCHEMAS.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("create schema {name}"));
        name
    }

    /// The address of a schema.
    pub fn url(&self, schema: &str) -> String {
        let folder = self.folder.display();
        format!("postgres://lango@localhost/postgres?host={folder}&options[search_path]={schema}")
    }

    /// Has SQL carried out by `psql`; returns what it printed.
    pub fn sql(&self, sql: &str) -> String {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-U", "lango", "-d", "postgres", "-c", sql, "-h"]);
        let output = psql.arg(&self.folder).output().expect("there is psql");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("it prints text")
    }
}

/// Where Debian keeps them, the newest first.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").map(|entries| {
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok()).max()
    });
    let newest = versions.ok().flatten().expect("postgresql is installed; see tests/tools.sh");
    Path::new("/usr/lib/postgresql").join(newest.to_string()).join("bin")
}

/// A folder in memory where that is possible: the tests' data need not outlive them.
fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}
