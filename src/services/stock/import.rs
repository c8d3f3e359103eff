//! Takes a list of codes into stock: reads it, judges each line against the known codes, and
//! imports the new ones in small commits. A second import of the list is harmless, and a dry run
//! changes nothing. A code that another site has is not taken, unless a person says that the two
//! sites have different routers.

use crate::{
    adapters::routeros::export::{
        Counts, Elsewhere, Export, ExportLine, GroupKey, Judged, Known, NotVouchers, Promise,
        Rules, Verdict, judge, read,
    },
    commands::{
        catalogue::TellRoutersApart,
        stock::import_vouchers::{ImportLines, LINES_PER_COMMIT, Line, RecordBatch, in_the_way},
    },
    ledger::{
        catalogue::BatchEvent,
        command::CodeRow,
        kernel::{
            chain::hex,
            fingerprint::Fingerprint,
            id::{BatchId, PackageKey, Slug, VoucherId},
        },
        voucher::{SetAside, Voucher, fold},
    },
    services::acting::Acting,
    store::{CommandError, Lookup, Offer, Sealed, Store, StoreError, VoucherCode},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What to take in, and how.
#[derive(Debug, Clone)]
pub struct Import {
    pub site: Slug,
    pub package: Option<Slug>,
    /// Comments of codes that are printed and sold by hand.
    pub set_aside_comments: Vec<String>,
    /// Groups of the list of which the same is so.
    pub set_aside_groups: Vec<GroupKey>,
    /// Sites of which whoever imports says that their routers are others than this site's.
    pub other_routers: Vec<Slug>,
}

impl Import {
    /// All that a site can sell, online.
    pub fn to(site: Slug) -> Self {
        Self {
            site,
            package: None,
            set_aside_comments: vec![],
            set_aside_groups: vec![],
            other_routers: vec![],
        }
    }
}

/// Why nothing was taken in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{}", .0.sentence())]
    NotVouchers(NotVouchers),
    #[error("there is no site {0}; add it with `lango site add`, or see `lango site list`")]
    NoSuchSite(Slug),
    #[error("site {site} has no package {package}; see `lango package list --site {site}`")]
    NoSuchPackage { site: Slug, package: Slug },
    #[error("{0} is the same site; name the other site")]
    SameSite(Slug),
    /// The router left the passwords out.
    #[error(
        "this export has no passwords; make it again with \
         `/ip hotspot user export show-sensitive`"
    )]
    PasswordsHidden,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl ImportError {
    /// The stable word for why.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotVouchers(why) => why.code(),
            Self::NoSuchSite(_) => "no_site",
            Self::NoSuchPackage { .. } => "no_such_package",
            Self::SameSite(_) => "same_site",
            Self::PasswordsHidden => "passwords_hidden",
            Self::Store(_) | Self::Command(_) => "failed",
        }
    }
}

/// What came of an import.
pub struct Report {
    pub format: &'static str,
    /// The verdict on each line.
    pub judged: Vec<Judged>,
    pub counts: Counts,
    pub taken: usize,
    /// Whether the list names profiles; one that does not needs a package named for it.
    pub has_profiles: bool,
}

impl Report {
    /// The counts by name, in the order in which people read them.
    pub fn counts_by_name(&self) -> Vec<(&'static str, usize)> {
        let c = &self.counts;
        vec![
            ("accepted", c.accepted),
            ("set_aside", c.set_aside),
            ("other_package", c.other_package),
            ("no_package", c.no_package),
            ("duplicate_in_file", c.duplicate_in_file),
            ("already_known", c.already_known),
            ("known_elsewhere", c.known_elsewhere),
            ("already_used", c.already_used),
            ("disabled", c.disabled),
            ("not_a_voucher", c.not_a_voucher),
        ]
    }

    /// As JSON, with the verdicts on all lines where `lines` is wanted. Holds no code.
    pub fn as_json(&self, lines: bool) -> serde_json::Value {
        let mut json = serde_json::json!({ "format": self.format, "taken": self.taken });
        for (name, count) in self.counts_by_name() {
            json[name] = count.into();
        }
        json["gives_less"] = self.counts.gives_less.into();
        if lines {
            let line = |judged: &Judged| {
                serde_json::json!({
                    "line": judged.number,
                    "verdict": judged.verdict.code(),
                    "reason": judged.reason,
                    "package": judged.package,
                    "elsewhere": judged.elsewhere.as_ref().map(|it| it.site.as_str()),
                })
            };
            json["lines"] = self.judged.iter().map(line).collect();
        }
        let site = |at: AtOtherSite| {
            let AtOtherSite { site, codes, standing, .. } = at;
            serde_json::json!({ "site": site, "codes": codes, "standing": standing })
        };
        json["elsewhere"] = self.elsewhere().into_iter().map(site).collect();
        json
    }

    /// The other sites that have codes of the list, with what became of them there.
    pub fn elsewhere(&self) -> Vec<AtOtherSite> {
        let mut sites: BTreeMap<&Slug, AtOtherSite> = BTreeMap::new();
        for Elsewhere { site, name, status } in
            self.judged.iter().filter_map(|judged| judged.elsewhere.as_ref())
        {
            let at = sites.entry(site).or_insert_with(|| AtOtherSite {
                site: site.clone(),
                name: name.clone(),
                codes: 0,
                standing: BTreeMap::new(),
            });
            at.codes += 1;
            *at.standing.entry(status.word()).or_default() += 1;
        }
        sites.into_values().collect()
    }
}

/// How much of a list another site has.
pub struct AtOtherSite {
    pub site: Slug,
    pub name: String,
    pub codes: usize,
    /// How many of them stand where there, by [`VoucherStatus::word`].
    ///
    /// [`VoucherStatus::word`]: crate::ledger::voucher::VoucherStatus::word
    pub standing: BTreeMap<&'static str, usize>,
}

/// Reads and judges, and changes nothing.
pub async fn look(store: &Store, import: &Import, bytes: &[u8]) -> Result<Report, ImportError> {
    let export = read(bytes).map_err(ImportError::NotVouchers)?;
    if export.passwords_hidden() {
        return Err(ImportError::PasswordsHidden);
    }
    let rules = rules(store, import).await?;
    let judged = Names { store, site: &import.site }.judge(&export, &rules, import).await?;
    let counts = Counts::of(&judged);
    let format = export.format.code();
    let has_profiles = export.has_profiles();
    Ok(Report { format, judged, counts, taken: 0, has_profiles })
}

impl Acting<'_> {
    /// Reads, judges and imports as a new batch.
    pub async fn import(&self, import: &Import, bytes: &[u8]) -> Result<Report, ImportError> {
        self.import_as(BatchId(self.id()), import, bytes).await
    }

    /// The same as a batch that may be in stock in part: cut off, it may be called again.
    pub async fn import_as(
        &self,
        batch: BatchId,
        import: &Import,
        bytes: &[u8],
    ) -> Result<Report, ImportError> {
        let store = self.store;
        let mut report = look(store, import, bytes).await?;
        self.tell_routers_apart(import).await?;
        let names = Names { store, site: &import.site };
        let (places, lines): (Vec<usize>, Vec<Line>) =
            names.lines(&report.judged, || VoucherId(self.id())).into_iter().unzip();
        if lines.is_empty() {
            return Ok(report);
        }
        let file = store.vault().fingerprint(Lookup::File(bytes));
        let imported = batch_event(import, &report, &lines, &file);
        self.wish_once(RecordBatch { batch, imported }).await?;
        for piece in lines.chunks(LINES_PER_COMMIT) {
            report.taken += self.count(ImportLines { batch, lines: piece.to_vec() }).await?;
        }
        if report.taken < lines.len() {
            // Somebody else took some meanwhile: what they are now is what they are told to be.
            let again = look(store, import, bytes).await?;
            let taken =
                store.read().vouchers_by_id(lines.iter().map(|line| line.code.voucher)).await?;
            for (at, line) in places.into_iter().zip(&lines) {
                if !taken.contains_key(&line.code.voucher) {
                    report.judged[at] = again.judged[at].clone();
                }
            }
            report.counts = Counts::of(&report.judged);
        }
        Ok(report)
    }

    async fn tell_routers_apart(&self, import: &Import) -> Result<(), CommandError> {
        if import.other_routers.is_empty() {
            return Ok(());
        }
        let (site, others) = (import.site.clone(), import.other_routers.clone());
        self.wish_once(TellRoutersApart { site, others }).await
    }
}

fn batch_event(import: &Import, report: &Report, lines: &[Line], file: &Fingerprint) -> BatchEvent {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let set_aside = lines.iter().filter(|line| line.set_aside.is_some()).count();
    BatchEvent::Imported {
        site: import.site.clone(),
        format: report.format.to_owned(),
        file: hex(file),
        accepted: count(lines.len() - set_aside),
        set_aside: count(set_aside),
        left_out: count(report.judged.len() - lines.len()),
    }
}

async fn rules(store: &Store, import: &Import) -> Result<Rules, ImportError> {
    let site = import.site.clone();
    store.read().site(&site).await?.ok_or_else(|| ImportError::NoSuchSite(site.clone()))?;
    let offers = store.read().offers(&site).await?;
    if let Some(package) = &import.package
        && !offers.iter().any(|offer| offer.package.package == *package)
    {
        return Err(ImportError::NoSuchPackage { site, package: package.clone() });
    }
    for other in &import.other_routers {
        if *other == site {
            return Err(ImportError::SameSite(site));
        }
        store.read().site(other).await?.ok_or_else(|| ImportError::NoSuchSite(other.clone()))?;
    }
    let promise = |offer: Offer| Promise {
        profile: offer.package.profile,
        package: offer.package.package.to_string(),
        validity_seconds: offer.package.validity_seconds,
        data_bytes_max: offer.package.data_bytes_max,
    };
    Ok(Rules {
        packages: offers.into_iter().map(promise).collect(),
        only_package: import.package.as_ref().map(Slug::to_string),
        set_aside_comments: import.set_aside_comments.clone(),
        set_aside_groups: import.set_aside_groups.clone(),
    })
}

/// The names by which a site's codes are found again.
struct Names<'a> {
    store: &'a Store,
    site: &'a Slug,
}

impl Names<'_> {
    fn exact(&self, code: &str) -> Fingerprint {
        self.store.vault().fingerprint(Lookup::Code(self.site.as_str(), code))
    }

    fn folded(&self, code: &str) -> Fingerprint {
        self.store.vault().fingerprint(Lookup::FoldedCode(self.site.as_str(), code))
    }

    async fn judge(
        &self,
        export: &Export,
        rules: &Rules,
        import: &Import,
    ) -> Result<Vec<Judged>, StoreError> {
        let (store, vault) = (self.store, self.store.vault());
        let codes = || export.lines.iter().map(|line| line.code.as_str());
        let exact: Vec<Fingerprint> = codes().map(|code| self.exact(code)).collect();
        let exact = store.read().vouchers_of_codes(&exact).await?;
        let shop_wide: Vec<Fingerprint> =
            codes().map(|code| vault.fingerprint(Lookup::ShopWideCode(code))).collect();
        let holders = store.read().holders_of_codes(&shop_wide).await?;
        let mut apart = store.read().sites_of_other_routers(self.site).await?;
        apart.extend(import.other_routers.iter().cloned());
        let sites = store.read().sites().await?.into_iter();
        let named: HashMap<Slug, String> = sites.map(|site| (site.site, site.name)).collect();
        Ok(judge(export, rules, |code| {
            if exact.contains_key(&self.exact(code)) {
                return Known::Here;
            }
            let holders = holders
                .get(&vault.fingerprint(Lookup::ShopWideCode(code)))
                .map_or(&[][..], Vec::as_slice);
            self.known(holders, &apart, &named)
        }))
    }

    /// Where a code of these vouchers is known; at the sites in `apart` it may be.
    fn known(
        &self,
        holders: &[Voucher],
        apart: &BTreeSet<Slug>,
        names: &HashMap<Slug, String>,
    ) -> Known {
        match in_the_way(self.site, holders, |other| apart.contains(other)) {
            None => Known::Nowhere,
            Some(voucher) if voucher.package.site == *self.site => Known::AlikeHere,
            Some(voucher) => {
                let site = voucher.package.site.clone();
                let name = names.get(&site).cloned().unwrap_or_default();
                Known::Elsewhere(Elsewhere { site, name, status: voucher.status })
            }
        }
    }

    /// The lines that are kept: new ones, and used ones, which must never look new again after the
    /// router has lost its counters. Each with its place among those judged.
    fn lines(&self, judged: &[Judged], mut id: impl FnMut() -> VoucherId) -> Vec<(usize, Line)> {
        let kept = judged.iter().enumerate().filter_map(|(at, judged)| {
            let set_aside = match judged.verdict {
                Verdict::Accepted => judged.printed.then_some(SetAside::Printed),
                Verdict::AlreadyUsed => Some(SetAside::Used),
                _ => return None,
            };
            let package = Slug::parse(judged.package.as_ref()?).ok()?;
            Some((at, judged.line.as_ref()?, package, set_aside))
        });
        kept.map(|(at, line, package, set_aside)| {
            let package = PackageKey { site: self.site.clone(), package };
            (at, Line { package, set_aside, code: self.row(line, id()) })
        })
        .collect()
    }

    fn row(&self, line: &ExportLine, voucher: VoucherId) -> CodeRow {
        let code = VoucherCode {
            code: line.code.clone(),
            password: line.password.clone(),
            profile: line.profile.clone(),
            server: line.server.clone(),
            comment: line.comment.clone(),
            limit_uptime: line.limit_uptime.clone(),
            limit_bytes_total: line.limit_bytes_total.clone(),
        };
        let plain = serde_json::to_vec(&code).expect("texts are plain data");
        let vault = self.store.vault();
        let folded = fold(&line.code);
        let last = folded.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        CodeRow {
            voucher,
            fingerprint: self.exact(&line.code),
            folded: self.folded(&line.code),
            shop_wide: vault.fingerprint(Lookup::ShopWideCode(&line.code)),
            last_four: vault.fingerprint(Lookup::LastFour(self.site.as_str(), &folded[last..])),
            sealed: vault.seal(&Sealed::Code(voucher).context(), &plain),
        }
    }
}
