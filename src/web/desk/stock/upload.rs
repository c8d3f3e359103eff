//! `/admin/stock/upload`: staff upload a file of codes, look at it and take it into stock. Pages
//! show no codes: staff who upload codes must not see the unsold ones.

use super::{batch, names::Names};
use crate::{
    adapters::routeros::export::{self, BYTES_MAX, Group, Judged},
    ledger::kernel::id::{BatchId, Slug},
    services::stock::{
        import::{AtOtherSite, ImportError, Report},
        uploads::{self, Choice, NewUpload},
    },
    store::{CommandError, UploadKept, Word},
    web::{
        desk::staff::visitor::{FORM_TOKEN, Posted, Visitor},
        page::{Fields, Page, Result, Sorry},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::{Multipart, Path, State, multipart::Field},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;

const PAGE: usize = 200;

/// The most letters that are kept of a file's name.
const NAME_MAX: usize = 120;

/// The fields, each with a site behind it, that say: that site has another router.
const OTHER_ROUTER: &str = "other_router.";

/// The field with the site for which an unproven file was shown.
const FOR_SITE: &str = "for_site";

/// The most bytes of a field other than the file.
const FIELD_MAX: usize = 200;

/// A file that is not in stock yet.
#[derive(Serialize)]
pub struct Waiting {
    path: String,
    name: String,
    site: String,
    when: String,
    decided: bool,
}

pub async fn waiting(shop: &Shop, names: &Names) -> Result<Vec<Waiting>> {
    let mut waiting = vec![];
    for upload in shop.context.store.read().uploads().await? {
        let decided = is_decided(shop, &upload);
        waiting.push(Waiting {
            path: if decided { batch::path(upload.batch) } else { path(upload.batch) },
            name: batch::name(shop, upload.batch).await?,
            site: names.site(upload.site.as_str()),
            when: upload.received_at.local(&shop.settings.zone),
            decided,
        });
    }
    Ok(waiting)
}

fn path(batch: BatchId) -> String {
    format!("/admin/stock/upload/{batch}")
}

#[derive(Serialize)]
struct UploadPage {
    sites: Vec<(String, String)>,
    site: String,
    /// Why the last file was not kept, as a phrase `problem.…`.
    problem: Option<&'static str>,
}

/// `GET /admin/stock/upload`
pub async fn show(State(shop): TheShop) -> Result<Page> {
    page(&shop, "", None).await
}

async fn page(shop: &Shop, site: &str, problem: Option<&'static str>) -> Result<Page> {
    let sites = Names::read(shop).await?.sites;
    Ok(Page::new("upload", UploadPage { sites, site: site.to_owned(), problem }))
}

/// A form with a file.
#[derive(Default)]
struct Sent {
    fields: Fields,
    name: String,
    bytes: Vec<u8>,
}

/// Why a file is not kept.
enum NotKept {
    /// A phrase `problem.…`.
    Problem(&'static str),
    Sorry(Sorry),
}

impl<E: Into<Sorry>> From<E> for NotKept {
    fn from(sorry: E) -> Self {
        Self::Sorry(sorry.into())
    }
}

/// `POST /admin/stock/upload`
pub async fn send(State(shop): TheShop, visitor: Visitor, form: Multipart) -> Result<Response> {
    let Some(sent) = read(form).await else {
        return Ok(page(&shop, "", Some("broken_off")).await?.into_response());
    };
    match keep(&shop, &visitor, &sent).await {
        Ok(batch) => Ok(Redirect::to(&path(batch)).into_response()),
        Err(NotKept::Problem(problem)) => {
            Ok(page(&shop, sent.fields.get("site"), Some(problem)).await?.into_response())
        }
        Err(NotKept::Sorry(sorry)) => Err(sorry),
    }
}

async fn keep(shop: &Shop, visitor: &Visitor, sent: &Sent) -> Result<BatchId, NotKept> {
    if !visitor.is_form_of(&sent.fields) {
        return Err(Sorry::FormForeign.into());
    }
    let store = &shop.context.store;
    let site = Slug::parse(sent.fields.get("site")).map_err(|_| NotKept::Problem("no_site"))?;
    if store.read().site(&site).await?.is_none() {
        return Err(NotKept::Problem("no_site"));
    }
    if sent.name.is_empty() && sent.bytes.is_empty() {
        return Err(NotKept::Problem("no_file"));
    }
    export::read(&sent.bytes).map_err(|problem| NotKept::Problem(problem.code()))?;
    let (random, staff) = (shop.context.random.as_ref(), visitor.member.id);
    let upload = NewUpload { staff, site, name: &sent.name, bytes: &sent.bytes };
    let kept = uploads::keep(store, random, upload).await;
    kept.map_err(|error| not_carried_out(error).into())
}

/// Files and choices are never refused.
fn not_carried_out(error: CommandError) -> Sorry {
    match error {
        CommandError::Failed(failure) => failure.into(),
        CommandError::Refused(why) => unreachable!("files and choices are not refused: {why}"),
    }
}

/// Reads a form; `None` if it breaks off. A file that is too long is read to its end but not kept,
/// so that the browser gets an answer.
async fn read(mut form: Multipart) -> Option<Sent> {
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.ok()? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(|name| name.chars().take(NAME_MAX).collect());
        if let Some(file) = file {
            // One byte more than allowed shows that the file is too long.
            (sent.name, sent.bytes) = (file, bytes(field, BYTES_MAX + 1).await?);
        } else if matches!(name.as_str(), FORM_TOKEN | "site") {
            sent.fields.insert(name, String::from_utf8(bytes(field, FIELD_MAX).await?).ok()?);
        }
    }
    Some(sent)
}

/// The first bytes of a field.
async fn bytes(mut field: Field<'_>, most: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![];
    while let Some(piece) = field.chunk().await.ok()? {
        let room = most - bytes.len();
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    Some(bytes)
}

#[derive(Serialize)]
struct PreviewPage {
    path: String,
    file: String,
    site: String,
    /// A phrase `format.…`.
    format: &'static str,
    /// The site's id, if nothing proves that a person chose this site for the file.
    unproven: Option<String>,
    /// Why it cannot be taken in like this, as a phrase `problem.…`.
    problem: Option<&'static str>,
    packages: Vec<(String, String, bool)>,
    wants_package: bool,
    for_sale: usize,
    elsewhere: Vec<SiteShown>,
    /// The sites that have other routers, as the form says: short name and name.
    other_routers: Vec<(String, String)>,
    /// Whether to show the lines alone, in a window of their own, so that no tick is lost.
    lines_only: bool,
    chosen: String,
    groups: Vec<GroupShown>,
    verdicts: Vec<(&'static str, usize, bool)>,
    lines: Vec<LineShown>,
    more: Option<String>,
}

#[derive(Serialize)]
struct GroupShown {
    place: usize,
    profile: Option<String>,
    comment: Option<String>,
    lines: usize,
    accepted: usize,
    printed: bool,
    gives_less: usize,
}

#[derive(Serialize)]
struct SiteShown {
    site: String,
    name: String,
    codes: usize,
    /// The counts of its codes, each with a phrase `stock.…`.
    standing: Vec<(&'static str, usize)>,
}

#[derive(Serialize)]
struct LineShown {
    number: usize,
    verdict: &'static str,
    profile: Option<String>,
    comment: Option<String>,
    /// The other site that has the code, and its status there, as a phrase `elsewhere.…`.
    elsewhere: Option<(String, &'static str)>,
}

/// `GET /admin/stock/upload/{batch}`
pub async fn preview(
    State(shop): TheShop,
    Path(batch): Path<String>,
    fields: Fields,
) -> Result<Response> {
    let (batch, upload) = find(&shop, &batch).await?;
    match upload.filter(|upload| !is_decided(&shop, upload)) {
        Some(upload) => {
            let page = fill(&shop, &upload, &fields).await?;
            Ok(Page::new("preview", page).into_response())
        }
        // It is decided: the batch's own page shows its progress.
        None => Ok(Redirect::to(&batch::path(batch)).into_response()),
    }
}

fn is_decided(shop: &Shop, upload: &UploadKept) -> bool {
    upload.choice(&shop.context.store.vault()).is_some()
}

/// Whether the site and the person of a file are proven.
fn is_proven(shop: &Shop, upload: &UploadKept) -> bool {
    upload.word(&shop.context.store.vault()) == Word::Proven
}

/// A file by its batch; `None` if it is in stock or was dropped.
async fn find(shop: &Shop, batch: &str) -> Result<(BatchId, Option<UploadKept>)> {
    let batch: BatchId = batch.parse().map_err(|_| Sorry::NotFound)?;
    Ok((batch, shop.context.store.read().upload(batch).await?))
}

async fn fill(shop: &Shop, upload: &UploadKept, fields: &Fields) -> Result<PreviewPage> {
    let store = &shop.context.store;
    let choice = choice(fields);
    let (report, groups, problem) = match uploads::preview(store, upload, &choice).await {
        Ok((report, groups)) => (Some(report), groups, None),
        Err(ImportError::Store(failure) | ImportError::Command(CommandError::Failed(failure))) => {
            return Err(failure.into());
        }
        Err(other) => (None, vec![], Some(other.code())),
    };
    let offers = store.read().offers(&upload.site).await?;
    let packages = offers.into_iter().map(|offer| {
        let chosen = choice.package.as_ref() == Some(&offer.package.package);
        (offer.package.package.to_string(), offer.package.name, chosen)
    });
    let wanted = fields.get("verdict");
    let from = fields.get("from").parse().unwrap_or(0);
    let judged = report.as_ref().map_or(&[][..], |report| &report.judged);
    let kept: Vec<&Judged> =
        judged.iter().filter(|line| wanted.is_empty() || line.verdict.code() == wanted).collect();
    let chosen = query(&choice);
    let more = (kept.len() > from + PAGE).then(|| {
        let next = from + PAGE;
        format!("{}?{chosen}&verdict={wanted}&from={next}", path(upload.batch))
    });
    let names = Names::read(shop).await?;
    let other_routers = choice.other_routers.iter().map(Slug::as_str);
    let page = PreviewPage {
        path: path(upload.batch),
        file: batch::name(shop, upload.batch).await?,
        site: names.site(upload.site.as_str()),
        format: report.as_ref().map_or("", |report| report.format),
        unproven: (!is_proven(shop, upload)).then(|| upload.site.to_string()),
        problem,
        packages: packages.collect(),
        wants_package: report.as_ref().is_some_and(|report| !report.has_profiles),
        for_sale: report.as_ref().map_or(0, |report| report.counts.accepted),
        elsewhere: report.as_ref().map_or(vec![], elsewhere),
        other_routers: other_routers.map(|site| (site.to_owned(), names.site(site))).collect(),
        lines_only: !wanted.is_empty() || fields.has("from"),
        chosen,
        groups: shown(groups),
        verdicts: report.as_ref().map_or(vec![], |report| verdicts(report, wanted)),
        lines: kept.into_iter().skip(from).take(PAGE).map(line).collect(),
        more,
    };
    Ok(page)
}

/// Groups with new codes come first.
fn shown(groups: Vec<Group>) -> Vec<GroupShown> {
    let group = |(place, group): (usize, Group)| GroupShown {
        place,
        profile: group.key.profile,
        comment: group.key.comment,
        lines: group.lines,
        accepted: group.accepted,
        printed: group.set_aside > 0,
        gives_less: group.gives_less,
    };
    let mut shown: Vec<_> = groups.into_iter().enumerate().map(group).collect();
    shown.sort_by_key(|group| group.accepted == 0);
    shown
}

fn line(judged: &Judged) -> LineShown {
    let line = judged.line.as_ref();
    LineShown {
        number: judged.number,
        verdict: judged.verdict.code(),
        profile: line.and_then(|line| line.profile.clone()),
        comment: line.and_then(|line| line.comment.clone()),
        elsewhere: judged.elsewhere.as_ref().map(|at| (at.name.clone(), at.status.word())),
    }
}

fn elsewhere(report: &Report) -> Vec<SiteShown> {
    let shown = |at: AtOtherSite| SiteShown {
        site: at.site.to_string(),
        name: at.name,
        codes: at.codes,
        standing: at.standing.into_iter().collect(),
    };
    report.elsewhere().into_iter().map(shown).collect()
}

fn verdicts(report: &Report, wanted: &str) -> Vec<(&'static str, usize, bool)> {
    let counts = report.counts_by_name().into_iter();
    counts
        .filter(|(name, count)| *count > 0 && *name != "set_aside")
        .map(|(name, count)| (name, count, name == wanted))
        .collect()
}

fn choice(fields: &Fields) -> Choice {
    let place = |name: &str| name.strip_prefix("printed.")?.parse().ok();
    let mut printed: Vec<usize> = fields.names().filter_map(place).collect();
    printed.sort_unstable();
    let package = Slug::parse(fields.get("package")).ok();
    let site = |name: &str| Slug::parse(name.strip_prefix(OTHER_ROUTER)?).ok();
    let mut other_routers: Vec<Slug> = fields.names().filter_map(site).collect();
    other_routers.sort_unstable();
    Choice { package, printed, other_routers }
}

/// The query of a preview. The page itself has the ticks for printed groups.
fn query(choice: &Choice) -> String {
    let package = choice.package.as_ref().map(Slug::to_string).unwrap_or_default();
    let routers = choice.other_routers.iter().map(|site| format!("&{OTHER_ROUTER}{site}=on"));
    routers.fold(format!("package={package}"), |query, one| query + &one)
}

/// `POST /admin/stock/upload/{batch}`
pub async fn take(
    State(shop): TheShop,
    Path(batch): Path<String>,
    Posted(visitor, fields): Posted,
) -> Result<Redirect> {
    let (batch, upload) = find(&shop, &batch).await?;
    // A form that is sent twice finds the file decided or in stock.
    if let Some(upload) = upload.filter(|upload| !is_decided(&shop, upload)) {
        // Its site may be forged: the form must name the site that the preview showed.
        if !is_proven(&shop, &upload) && fields.get(FOR_SITE) != upload.site.as_str() {
            return Ok(Redirect::to(&path(batch)));
        }
        let (store, staff) = (&shop.context.store, visitor.member.id);
        uploads::choose(store, staff, &upload, &choice(&fields)).await.map_err(not_carried_out)?;
        shop.context.tell();
    }
    Ok(Redirect::to(&batch::path(batch)))
}
