//! `/admin/stock/upload`: a file of codes comes, is looked at, and is taken in as somebody says.
//! Codes are not shown: whoever brings them does not thereby see what is unsold.

use super::{Names, batch, go};
use crate::{
    adapters::routeros::export::{BYTES_MAX, Group, Judged},
    ledger::{
        command::Note,
        kernel::id::{BatchId, Slug},
    },
    services::stock::{
        import::{AtOtherSite, ImportError, Report},
        uploads::{self, Choice, NewUpload},
    },
    store::{CommandError, Sealed, UploadKept, Word},
    web::{
        Shop,
        desk::{
            frame::{self, Frame, Sorry},
            visitor::{FORM_TOKEN, Fields, Posted, Visitor, is_token},
        },
    },
};
use axum::{
    extract::{Multipart, Path, Query, State, multipart::Field},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use std::sync::Arc;

/// How many lines a page shows.
const PAGE: usize = 200;

/// Names of files are cut off here, in letters.
const NAME_MAX: usize = 120;

/// What the fields are called, but for the site, that say whose router is another.
const OTHER_ROUTER: &str = "other_router.";

/// What the field is called that says for which site an unproven file was shown.
const FOR_SITE: &str = "for_site";

/// No field but the file is longer, in bytes.
const FIELD_MAX: usize = 200;

/// A file that nobody decided about yet, or that is being taken in.
#[derive(Serialize)]
pub struct Waiting {
    path: String,
    name: String,
    site: String,
    when: String,
    /// Whether somebody has decided.
    decided: bool,
}

/// The files that are not in stock yet.
pub async fn waiting(shop: &Shop, names: &Names) -> Result<Vec<Waiting>, Sorry> {
    let mut waiting = vec![];
    for upload in shop.context.store.uploads().await? {
        let decided = is_decided(shop, &upload);
        waiting.push(Waiting {
            path: if decided { batch::path(upload.batch) } else { path(upload.batch) },
            name: name(shop, upload.batch).await?,
            site: names.site(upload.site.as_str()),
            when: upload.received_at.local(&shop.settings.zone),
            decided,
        });
    }
    Ok(waiting)
}

/// What a batch's file was called; empty for those of the command line.
pub async fn name(shop: &Shop, batch: BatchId) -> Result<String, Sorry> {
    let name = shop.context.store.open_sealed(Sealed::Note(Note::Batch(batch))).await?;
    Ok(name.unwrap_or_default())
}

/// Where a file is looked at.
fn path(batch: BatchId) -> String {
    format!("/admin/stock/upload/{batch}")
}

#[derive(Serialize)]
struct UploadPage {
    sites: Vec<(String, String)>,
    site: String,
    /// What is wrong with the file that came, as a phrase `problem.…`.
    problem: Option<&'static str>,
}

/// `GET /admin/stock/upload`
pub async fn show(State(shop): State<Arc<Shop>>, visitor: Visitor) -> Response {
    let made = empty(&shop, None, "").await;
    frame::answer(&shop, &visitor, "upload", made)
}

async fn empty(
    shop: &Shop,
    problem: Option<&'static str>,
    site: &str,
) -> Result<UploadPage, Sorry> {
    let Names { sites, .. } = Names::read(shop).await?;
    Ok(UploadPage { sites, site: site.to_owned(), problem })
}

/// What a form with a file holds.
#[derive(Default)]
struct Sent {
    fields: Fields,
    name: String,
    bytes: Vec<u8>,
}

/// `POST /admin/stock/upload`
pub async fn send(
    State(shop): State<Arc<Shop>>,
    mut visitor: Visitor,
    form: Multipart,
) -> Response {
    "/admin/stock/upload".clone_into(&mut visitor.here);
    let sent = read(form).await;
    let site = sent.as_ref().map(|sent| sent.fields.get("site").cloned().unwrap_or_default());
    let site = site.unwrap_or_default();
    match take_in(&shop, &visitor, sent).await {
        Ok(Ok(batch)) => Redirect::to(&path(batch)).into_response(),
        Ok(Err(problem)) => {
            let made = empty(&shop, Some(problem), &site).await;
            frame::answer(&shop, &visitor, "upload", made)
        }
        Err(problem) => frame::sorry(&shop, &Frame::of(&shop, &visitor), problem),
    }
}

/// Keeps a file that holds codes; of others, says what is wrong.
async fn take_in(
    shop: &Shop,
    visitor: &Visitor,
    sent: Option<Sent>,
) -> Result<Result<BatchId, &'static str>, Sorry> {
    let Some(sent) = sent else { return Ok(Err("broken_off")) };
    if !is_token(&sent.fields, &visitor.form_token) {
        return Err(Sorry::FormExpired);
    }
    let store = &shop.context.store;
    let site = sent.fields.get("site").and_then(|site| Slug::parse(site).ok());
    let Some(site) = site else { return Ok(Err("no_site")) };
    if store.site(&site).await?.is_none() {
        return Ok(Err("no_site"));
    }
    if sent.name.is_empty() && sent.bytes.is_empty() {
        return Ok(Err("no_file"));
    }
    if let Err(problem) = crate::adapters::routeros::export::read(&sent.bytes) {
        return Ok(Err(problem.code()));
    }
    let (random, staff) = (shop.context.random.as_ref(), visitor.member.id);
    let upload = NewUpload { staff, site, name: &sent.name, bytes: &sent.bytes };
    let kept = uploads::keep(store, random, upload).await;
    match kept {
        Ok(batch) => Ok(Ok(batch)),
        Err(CommandError::Failed(failure)) => Err(failure.into()),
        Err(CommandError::Refused(refusal)) => unreachable!("a file is never refused: {refusal}"),
    }
}

/// Reads a form; `None` where it breaks off. What is too long is read to its end but not kept, so
/// that the browser hears an answer.
async fn read(mut form: Multipart) -> Option<Sent> {
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.ok()? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(|name| name.chars().take(NAME_MAX).collect());
        if let Some(file) = file {
            // One byte more than may be, so that it is seen to be too many.
            (sent.name, sent.bytes) = (file, bytes(field, BYTES_MAX + 1).await?);
        } else if matches!(name.as_str(), FORM_TOKEN | "site") {
            sent.fields.insert(name, String::from_utf8(bytes(field, FIELD_MAX).await?).ok()?);
        }
    }
    Some(sent)
}

/// A field's bytes, as far as there is room for them.
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
    /// The site's id, where nothing proves that a person said what stands on the file.
    unproven: Option<String>,
    /// Why it cannot be taken in so, as a phrase `problem.…`.
    problem: Option<&'static str>,
    /// The packages to choose from, and whether one is chosen.
    packages: Vec<(String, String, bool)>,
    wants_package: bool,
    for_sale: usize,
    /// Other sites that have codes of the file.
    elsewhere: Vec<SiteShown>,
    /// Of which sites is said that they have other routers, and by what name.
    other_routers: Vec<(String, String)>,
    /// Whether only lines are asked for: in a window of their own, so that no tick is lost.
    lines_only: bool,
    /// What is chosen, as a query.
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
    /// How many stand where, as a phrase `stock.…`.
    standing: Vec<(&'static str, usize)>,
}

#[derive(Serialize)]
struct LineShown {
    number: usize,
    verdict: &'static str,
    profile: Option<String>,
    comment: Option<String>,
    /// The other site that has it, and what became of it there, as a phrase `elsewhere.…`.
    elsewhere: Option<(String, &'static str)>,
}

/// `GET /admin/stock/upload/{batch}`
pub async fn preview(
    State(shop): State<Arc<Shop>>,
    visitor: Visitor,
    Path(batch): Path<String>,
    Query(fields): Query<Fields>,
) -> Response {
    let found = find(&shop, &batch).await;
    if let Ok((batch, upload)) = &found
        && upload.as_ref().is_none_or(|upload| is_decided(&shop, upload))
    {
        // Somebody has decided: the batch's own page tells how far it is.
        return Redirect::to(&batch::path(*batch)).into_response();
    }
    let made = async { fill(&shop, &found?.1.ok_or(Sorry::UploadGone)?, &fields).await };
    let made = made.await;
    frame::answer(&shop, &visitor, "preview", made)
}

fn is_decided(shop: &Shop, upload: &UploadKept) -> bool {
    upload.choice(&shop.context.store.vault()).is_some()
}

/// Whether what is shown of a file is what was said of it.
fn is_proven(shop: &Shop, upload: &UploadKept) -> bool {
    upload.word(&shop.context.store.vault()) == Word::Proven
}

/// A file by its batch; none where it is in stock, or was let go.
async fn find(shop: &Shop, batch: &str) -> Result<(BatchId, Option<UploadKept>), Sorry> {
    let batch: BatchId = batch.parse().map_err(|_| Sorry::NotFound)?;
    Ok((batch, shop.context.store.upload(batch).await?))
}

async fn fill(shop: &Shop, upload: &UploadKept, fields: &Fields) -> Result<PreviewPage, Sorry> {
    let store = &shop.context.store;
    let choice = choice(fields);
    let (report, groups, problem) = match uploads::preview(store, upload, &choice).await {
        Ok((report, groups)) => (Some(report), groups, None),
        Err(ImportError::Store(failure) | ImportError::Command(CommandError::Failed(failure))) => {
            return Err(failure.into());
        }
        Err(other) => (None, vec![], Some(other.code())),
    };
    let offers = store.offers(&upload.site).await?;
    let packages = offers.into_iter().map(|offer| {
        let chosen = choice.package.as_ref() == Some(&offer.package.package);
        (offer.package.package.to_string(), offer.package.name, chosen)
    });
    let wanted = fields.get("verdict").map_or("", String::as_str);
    let from = fields.get("from").and_then(|from| from.parse().ok()).unwrap_or(0);
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
        file: name(shop, upload.batch).await?,
        site: names.site(upload.site.as_str()),
        format: report.as_ref().map_or("", |report| report.format),
        unproven: (!is_proven(shop, upload)).then(|| upload.site.to_string()),
        problem,
        packages: packages.collect(),
        wants_package: report.as_ref().is_some_and(|report| !report.has_profiles),
        for_sale: report.as_ref().map_or(0, |report| report.counts.accepted),
        elsewhere: report.as_ref().map_or(vec![], elsewhere),
        other_routers: other_routers.map(|site| (site.to_owned(), names.site(site))).collect(),
        lines_only: !wanted.is_empty() || fields.contains_key("from"),
        chosen,
        groups: shown(groups),
        verdicts: report.as_ref().map_or(vec![], |report| verdicts(report, wanted)),
        lines: kept.into_iter().skip(from).take(PAGE).map(line).collect(),
        more,
    };
    Ok(page)
}

/// Those with something new first.
fn shown(groups: Vec<Group>) -> Vec<GroupShown> {
    let mut shown: Vec<_> = groups.into_iter().enumerate().map(group).collect();
    shown.sort_by_key(|group| group.accepted == 0);
    shown
}

fn group((place, group): (usize, Group)) -> GroupShown {
    GroupShown {
        place,
        profile: group.key.profile,
        comment: group.key.comment,
        lines: group.lines,
        accepted: group.accepted,
        printed: group.set_aside > 0,
        gives_less: group.gives_less,
    }
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

/// How a form wants a file taken in.
fn choice(fields: &Fields) -> Choice {
    let place = |name: &String| name.strip_prefix("printed.")?.parse().ok();
    let mut printed: Vec<usize> = fields.keys().filter_map(place).collect();
    printed.sort_unstable();
    let package = fields.get("package").and_then(|package| Slug::parse(package).ok());
    let site = |name: &String| Slug::parse(name.strip_prefix(OTHER_ROUTER)?).ok();
    let mut other_routers: Vec<Slug> = fields.keys().filter_map(site).collect();
    other_routers.sort_unstable();
    Choice { package, printed, other_routers }
}

/// What a preview is asked with; which groups are printed is said on the page itself.
fn query(choice: &Choice) -> String {
    let package = choice.package.as_ref().map(Slug::to_string).unwrap_or_default();
    let routers = choice.other_routers.iter().map(|site| format!("&{OTHER_ROUTER}{site}=on"));
    routers.fold(format!("package={package}"), |query, one| query + &one)
}

/// `POST /admin/stock/upload/{batch}`
pub async fn take(
    State(shop): State<Arc<Shop>>,
    Path(batch): Path<String>,
    Posted(visitor, fields): Posted,
) -> Response {
    let done = async {
        let (batch, upload) = find(&shop, &batch).await?;
        // A form that is sent twice finds it decided, or in stock.
        if let Some(upload) = upload.filter(|upload| !is_decided(&shop, upload)) {
            // Its site may not be the one that was said: whoever decides was shown which it is.
            let shown = fields.get(FOR_SITE).is_some_and(|site| site == upload.site.as_str());
            if !is_proven(&shop, &upload) && !shown {
                return Ok(path(batch));
            }
            let (store, staff) = (&shop.context.store, visitor.member.id);
            match uploads::choose(store, staff, &upload, &choice(&fields)).await {
                Ok(()) => shop.context.tell(),
                Err(CommandError::Failed(failure)) => return Err(failure.into()),
                Err(CommandError::Refused(why)) => unreachable!("a choice is never refused: {why}"),
            }
        }
        Ok(batch::path(batch))
    };
    let done = done.await;
    go(&shop, &visitor, done)
}
