//! Every copy is proved: restored beside the shop, verified, and read again the night after; what
//! is wrong with one is told to whoever looks.

use crate::{
    cli::{self, sample},
    town::{Plan, Town},
};
use lango::{
    ledger::staff::Role,
    ports::SystemRandom,
    services::backup::{BackupError, Place, Prover},
    store::BackupRecord,
};
use serde_json::Value;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const NIGHT: i64 = 24 * 3_600;

/// What can happen to a copy that lies about for a day.
#[derive(Clone, Copy, Debug)]
enum Damage {
    None,
    /// One bit is another.
    Flipped,
    /// Half of it is missing.
    Truncated,
    /// It is not there.
    Gone,
    /// An older copy of the same shop has its name.
    Older,
}

impl Damage {
    fn does(self, file: &Path, older: &Path) {
        let mut bytes = fs::read(file).unwrap();
        match self {
            Self::None => {}
            Self::Flipped => {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(file, bytes).unwrap();
            }
            Self::Truncated => fs::write(file, &bytes[..bytes.len() / 2]).unwrap(),
            Self::Gone => fs::remove_file(file).unwrap(),
            Self::Older => drop(fs::copy(older, file).unwrap()),
        }
    }

    /// What is said of it.
    fn says(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Flipped => Some("it does not open: it was changed"),
            Self::Truncated => Some("it is cut off: it is not complete"),
            Self::Gone => Some("cannot read"),
            Self::Older => Some("it is not the copy that was made"),
        }
    }
}

const ALL: [Damage; 5] =
    [Damage::Flipped, Damage::Truncated, Damage::Gone, Damage::Older, Damage::None];

async fn record(town: &Town) -> BackupRecord {
    town.store().read().backups().await.unwrap().remove(0)
}

fn keeps_in(folder: &Path) -> Plan {
    let place = Place::Folder { path: folder.to_owned(), keep: None, off_box: true };
    Plan { backups: vec![place], ..Plan::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_night_proves_its_copy_and_finds_what_became_of_the_last() {
    let copies = tempfile::tempdir().unwrap();
    let mut town = Town::open_as(keeps_in(copies.path())).await;
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    town.settle().await;
    assert!(record(&town).await.is_proved());
    owner.signs_in().await;
    owner.reads("The last backup was restored and verified on 22 Nov 2026");
    let older = copies.path().join("first");
    fs::copy(copies.path().join(record(&town).await.file.unwrap()), &older).unwrap();
    town.stock("hourly", 1).await;
    town.passes(NIGHT).await;
    for damage in ALL {
        let name = record(&town).await.file.unwrap();
        damage.does(&copies.path().join(&name), &older);
        town.stock("hourly", 1).await;
        town.passes(NIGHT).await;
        let found = record(&town).await;
        match damage.says() {
            None => assert_eq!(found.spoiled, None),
            Some(says) => {
                let wanted = format!("{name}: {says}");
                let told = found.spoiled.as_ref().is_some_and(|it| it.starts_with(&wanted));
                assert!(told, "{damage:?}: {found:?}");
                assert_eq!(town.times_logged(&wanted), 1, "{damage:?}");
            }
        }
        assert!(found.is_proved(), "tonight's is good: {damage:?}");
        owner.signs_in().await;
        let alert = "One backup has gone bad";
        match damage {
            Damage::None => owner.does_not_read(alert),
            _ => owner.reads(alert),
        }
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_does_not_come_back_whole_is_never_called_proved() {
    let copies = tempfile::tempdir().unwrap();
    let mut town = Town::open_as(keeps_in(copies.path())).await;
    town.settle().await;
    let proved = record(&town).await.proved;
    // A text that the vault did not seal there.
    let bytes = if town.ledger().starts_with("postgres") { "'\\x0102'" } else { "x'0102'" };
    let subject = "handout:00000000-0000-0000-0000-000000000000";
    town.tampers(&format!("insert into notes (subject, sealed) values ('{subject}', {bytes})"))
        .await;
    town.stock("hourly", 1).await;
    town.passes(NIGHT).await;
    let found = record(&town).await;
    assert!(found.doubt.as_ref().is_some_and(|why| why.starts_with("1 sealed texts in it do not")));
    assert_eq!((found.is_proved(), found.proved), (false, proved), "the last that was stays so");
    assert_eq!(town.times_logged("the backup was made and not proved"), 1);
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    owner.signs_in().await;
    owner.reads("The last backup could not be proved");
    owner.opens("/admin?lang=sw").await;
    owner.reads("Nakala rudufu ya mwisho haikuweza kuthibitishwa");
    town.tampers(&format!("delete from notes where subject = '{subject}'")).await;
    town.passes(NIGHT).await;
    assert!(record(&town).await.is_proved());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_was_cut_off_is_made_by_the_next_start() {
    let copies = tempfile::tempdir().unwrap();
    let mut town = Town::open_as(keeps_in(copies.path())).await;
    town.settle().await;
    let made = record(&town).await;
    town.tampers("update backups set proved_file = null, proved_at = null").await;
    assert!(!record(&town).await.is_proved());
    town.restart().await;
    town.settle().await;
    let now = record(&town).await;
    assert!(now.is_proved() && now.made == made.made && now.file == made.file, "{now:?}");
    town.close().await;
}

fn shop() -> cli::Place {
    let place = cli::Place::with_shop();
    let file = sample("hotspot-user-export-terse.rsc");
    place.good(&["vouchers", "import", "--site", "mtaa", &file]);
    place
}

/// A shop with a folder for its copies, and one for what nobody needs tomorrow.
fn shop_with_folders() -> cli::Place {
    let place = shop();
    let [copies, tmp] = ["copies", "tmp"].map(|name| place.path(name));
    fs::create_dir(&tmp).unwrap();
    place
        .with_account()
        .with("LANGO_BACKUP__FOLDER", copies.to_str().unwrap())
        .with("LANGO_BACKUP__OFF_BOX", "on")
        .with("TMPDIR", tmp.to_str().unwrap())
}

fn backs_up(place: &cli::Place) -> PathBuf {
    let made = place.json(&["backup", "--json"]);
    assert_eq!(made["proved"], true);
    place.path(made["file"].as_str().unwrap())
}

fn left_in_tmp(place: &cli::Place) -> usize {
    fs::read_dir(place.path("tmp")).unwrap().count()
}

/// The line of `lango doctor` about something.
fn doctor_says(place: &cli::Place, about: &str) -> (String, String) {
    let output = place.run(&["doctor", "--json"]);
    let checks: Value = serde_json::from_slice(&output.stdout).unwrap();
    let check = checks.as_array().unwrap().iter().find(|check| check["about"] == about);
    let word = |name: &str| check.unwrap()[name].as_str().unwrap().to_owned();
    (word("verdict"), word("says"))
}

#[test]
fn the_doctor_reads_the_newest_copy_from_end_to_end() {
    let place = shop_with_folders();
    let older = place.path("older.backup");
    fs::copy(backs_up(&place), &older).unwrap();
    place.good(&["vouchers", "import", "--site", "mtaa", &again()]);
    for damage in ALL {
        let file = backs_up(&place);
        assert_eq!(doctor_says(&place, "proof").0, "pass");
        assert_eq!(doctor_says(&place, "newest copy").0, "pass");
        damage.does(&file, &older);
        let (verdict, says) = doctor_says(&place, "newest copy");
        assert_eq!(verdict, if damage.says().is_some() { "fail" } else { "pass" }, "{says}");
        assert!(says.contains(file.file_name().unwrap().to_str().unwrap()), "{says}");
        assert!(damage.says().is_none() || says.contains("`lango backup`"), "{says}");
    }
    assert_eq!(left_in_tmp(&place), 0);
}

#[test]
fn after_another_master_key_no_copy_is_called_spoiled_nor_proved() {
    let place = shop_with_folders();
    backs_up(&place);
    place.good(&["keys", "rotate", "--master", "--new-key-file", "new.key"]);
    fs::rename(place.path("new.key"), place.path("lango.key")).unwrap();
    let output = place.run(&["doctor", "--json"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains("newest copy"), "{said}");
    assert_eq!(doctor_says(&place, "proof").0, "warn");
    backs_up(&place);
    assert_eq!(doctor_says(&place, "proof").0, "pass");
    assert_eq!(doctor_says(&place, "newest copy").0, "pass");
}

fn again() -> String {
    sample("hotspot-user-export-terse-again.rsc")
}

#[test]
fn a_copy_is_proved_by_hand_and_nothing_is_touched() {
    let place = shop_with_folders();
    let file = backs_up(&place);
    let check = ["restore", file.to_str().unwrap(), "--check"];
    let said = place.good(&check);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["It comes back: ", "voucher_codes 125", "goes on from it"] {
        assert!(said.contains(part), "{said}");
    }
    let json = place.json(&[&check[..], &["--json"]].concat());
    assert_eq!(json["tables"]["voucher_codes"], 125);
    assert_eq!(json["events"], json["tables"]["events"]);
    assert_eq!(json["of_this_ledger"], true);
    let hash = place.json(&["audit", "verify", "--json"])["hash"].clone();
    assert_eq!(json["hash"], hash);
    // On a machine without a ledger none is made.
    let other = cli::Place::empty();
    fs::copy(place.path("lango.key"), other.path("lango.key")).unwrap();
    let json = other.json(&[&check[..], &["--json"]].concat());
    assert_eq!(json["of_this_ledger"], false);
    assert!(!other.path("lango.db").exists());
    assert_eq!(left_in_tmp(&place), 0);
}

#[test]
fn what_does_not_come_back_is_said_by_hand_too() {
    let place = shop_with_folders();
    let (older, file) = (place.path("older.backup"), backs_up(&place));
    fs::copy(&file, &older).unwrap();
    let check = ["restore", file.to_str().unwrap(), "--check"];
    for (damage, why) in [
        (Damage::Flipped, "does not open"),
        (Damage::Truncated, "is cut off"),
        (Damage::Gone, "cannot read"),
    ] {
        fs::copy(&older, &file).unwrap();
        damage.does(&file, &older);
        let said = place.bad(1, &check);
        assert!(said.contains(why), "{said}");
    }
    fs::copy(&older, &file).unwrap();
    // More than the disk has room for: nothing is begun.
    File::options().write(true).open(&file).unwrap().set_len(1 << 42).unwrap();
    let said = place.bad(1, &check);
    assert!(said.contains("MiB are free: make room"), "{said}");
    fs::copy(&older, &file).unwrap();
    // Another shop with the same key, such as one that was set up twice.
    let twin = cli::Place::empty();
    fs::copy(place.path("lango.key"), twin.path("lango.key")).unwrap();
    let login = "http://10.5.50.1/login";
    twin.good(&["site", "add", "--id", "mtaa", "--name", "Twin", "--router-login", login]);
    let package = ["package", "add", "--site", "mtaa", "--id", "daily", "--name", "Daily"];
    let more = ["--price", "50", "--validity", "1d", "--profile", "daily"];
    twin.good(&[&package[..], &more[..]].concat());
    let make = ["vouchers", "make", "--site", "mtaa", "--package", "daily", "--count", "200"];
    twin.good(&[&make[..], &["--out", "codes.rsc"]].concat());
    assert!(twin.bad(1, &check).contains("is a copy of another ledger"));
    assert_eq!(left_in_tmp(&place), 0);
}

/// How often a proof is cut off, and how much later each time.
const KILLS: u64 = 8;
const LATER_MS: u64 = 40;

#[test]
fn a_proof_that_is_killed_leaves_a_folder_that_the_next_removes() {
    let place = shop_with_folders();
    let file = backs_up(&place);
    let check = ["restore", file.to_str().unwrap(), "--check"];
    let mut cut_off = 0;
    for kill in 0..KILLS {
        let mut child = place.command(&check);
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(kill * LATER_MS));
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        if !output.status.success() {
            cut_off += 1;
            assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "nothing is claimed");
        }
    }
    assert!(cut_off > 0, "some were cut off");
    // As a kill in the middle leaves it, whenever the ones above came.
    let left = place.path("tmp/lango-scratch-0011223344556677");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("proof.db"), "half of it").unwrap();
    place.good(&check);
    assert_eq!(left_in_tmp(&place), 0);
}

#[tokio::test]
async fn a_proof_is_cut_off_between_two_pieces_and_claims_nothing() {
    let place = shop();
    let made = place.json(&["backup", "--to", "copies", "--json"]);
    let file = place.path(made["file"].as_str().unwrap());
    let master = lango::app::parse_key(fs::read_to_string(place.path("lango.key")).unwrap().trim());
    let scratch = tempfile::tempdir().unwrap();
    let within = scratch.path().to_owned();
    let prover = Prover::new(master.unwrap(), within, Arc::new(SystemRandom));
    let asked = AtomicUsize::new(0);
    let count = || asked.fetch_add(1, Ordering::Relaxed) < usize::MAX;
    let whole = prover.prove(&file, &count, |_| {}).await.unwrap();
    let all = asked.load(Ordering::Relaxed);
    assert!(all > whole.tables.len());
    for stop_at in 0..all {
        asked.store(0, Ordering::Relaxed);
        let go_on = || asked.fetch_add(1, Ordering::Relaxed) < stop_at;
        let cut_off = prover.prove(&file, &go_on, |_| {}).await;
        assert!(matches!(cut_off, Err(BackupError::CutOff)), "stopped at {stop_at}: {cut_off:?}");
    }
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

crate::on_postgres_too! {
    each_night_proves_its_copy_and_finds_what_became_of_the_last,
    a_copy_that_does_not_come_back_whole_is_never_called_proved,
    a_proof_that_was_cut_off_is_made_by_the_next_start,
    the_doctor_reads_the_newest_copy_from_end_to_end,
    after_another_master_key_no_copy_is_called_spoiled_nor_proved,
    a_copy_is_proved_by_hand_and_nothing_is_touched,
    what_does_not_come_back_is_said_by_hand_too,
    a_proof_is_cut_off_between_two_pieces_and_claims_nothing,
}
