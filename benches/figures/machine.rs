//! What the kernel says of a process, and of this machine.

use std::{fs::read_to_string, path::PathBuf};

/// How the kernel counts processor time, in all its files: 100 ticks a second.
const TICK_MS: f64 = 10.0;

/// A process, by its number.
#[derive(Debug, Clone, Copy)]
pub struct Process(pub u32);

/// What a process, or several, used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    pub cpu_ms: f64,
    pub switches: f64,
    /// Reads and writes, as system calls.
    pub calls: f64,
}

impl Process {
    pub fn this() -> Self {
        Self(std::process::id())
    }

    fn file(self, name: &str) -> Option<String> {
        read_to_string(PathBuf::from(format!("/proc/{}/{name}", self.0))).ok()
    }

    /// The fields of `stat` after the command's name, which may hold blanks.
    fn stat(self) -> Option<Vec<f64>> {
        let stat = self.file("stat")?;
        let (_, fields) = stat.rsplit_once(") ")?;
        Some(fields.split(' ').map(|field| field.trim().parse().unwrap_or_default()).collect())
    }

    /// What it used so far, all its threads together.
    pub fn used(self) -> Used {
        let stat = self.stat().unwrap_or_else(|| vec![0.0; 15]);
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.0)).into_iter().flatten();
        let switches = |path: PathBuf| {
            let status = read_to_string(path.join("status")).unwrap_or_default();
            number(&status, "voluntary_ctxt_switches:")
                + number(&status, "nonvoluntary_ctxt_switches:")
        };
        let io = self.file("io").unwrap_or_default();
        Used {
            cpu_ms: (stat[11] + stat[12]) * TICK_MS,
            switches: threads.flatten().map(|thread| switches(thread.path())).sum(),
            calls: number(&io, "syscr:") + number(&io, "syscw:"),
        }
    }

    /// The same with its children, those that have ended too.
    pub fn used_with_children(self) -> Used {
        let ended = self.stat().map_or(0.0, |stat| (stat[13] + stat[14]) * TICK_MS);
        let mut used = self.used();
        used.cpu_ms += ended;
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).map(Process);
        for child in ids {
            if child.stat().is_some_and(|stat| (stat[1] - f64::from(self.0)).abs() < 0.5) {
                used = used.plus(child.used(), 1.0);
            }
        }
        used
    }

    /// A size from its `status`, in MiB.
    pub fn mib(self, what: &str) -> f64 {
        number(&self.file("status").unwrap_or_default(), what) / 1_024.0
    }

    /// From here on the peak counts anew.
    pub fn forget_peak(self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.0), "5").expect("this is Linux");
    }
}

impl Used {
    fn plus(self, other: Self, factor: f64) -> Self {
        Self {
            cpu_ms: self.cpu_ms + factor * other.cpu_ms,
            switches: self.switches + factor * other.switches,
            calls: self.calls + factor * other.calls,
        }
    }

    /// So much for each of so many.
    pub fn each(self, count: f64) -> Self {
        Self::default().plus(self, 1.0 / count)
    }

    /// What was used between a moment and now.
    pub fn since(self, before: Self) -> Self {
        self.plus(before, -1.0)
    }
}

fn number(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// What a reader of figures must know of the machine.
pub fn facts() -> serde_json::Value {
    let cpu = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let memory = number(&read_to_string("/proc/meminfo").unwrap_or_default(), "MemTotal:");
    serde_json::json!({
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "cpu": model.map(|(_, model)| model),
        "kernel": read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "memory_gib": (memory / 1_048_576.0).round(),
    })
}

/// The commit that is checked out, and whether files differ from it.
pub fn commit() -> String {
    let git = std::process::Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=9", "--exclude=*"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let said = git.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.unwrap_or_default()
}
