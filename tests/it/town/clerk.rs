//! Somebody of the staff, with a browser on the staff's listener.

use super::{Town, customer::words};
use lango::{
    ledger::{kernel::id::StaffId, staff::Role},
    services::staff::NewStaff,
};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use std::{collections::BTreeMap, net::SocketAddr};

/// What they all sign in with.
pub const PASSWORD: &str = "mvua kiti ndizi saba";

/// Somebody at the desk.
#[derive(Clone)]
pub struct Clerk {
    /// Their name.
    pub name: String,
    /// Who they are to the ledger.
    pub id: StaffId,
    /// What the browser keeps.
    pub cookies: BTreeMap<String, String>,
    /// The attributes of each cookie that came.
    pub set_cookies: Vec<String>,
    /// The open page.
    pub html: String,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: header::HeaderMap,
    /// Where it is: path and query.
    pub at: String,
    /// What the browser says of where a form was; a story may forge it.
    pub origin: Option<String>,
    client: Client,
    desk: SocketAddr,
}

impl Town {
    /// Somebody who works here from now on; they are not signed in.
    pub async fn clerk(&mut self, name: &str, role: Role) -> Clerk {
        let password = PASSWORD.to_owned().into();
        let added = self.acting().add_staff(NewStaff { name, role, password: &password }).await;
        self.secrets.extend([name.to_owned(), PASSWORD.to_owned()]);
        let id = added.expect("the name is new");
        Clerk::new((name, id), self.shop().desk, self.client.clone())
    }

    /// Keeps a text from disk and log, as the end of the story checks.
    pub fn hides(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }
}

impl Clerk {
    /// Somebody who was added to the staff of a shop.
    pub fn new((name, id): (&str, StaffId), desk: SocketAddr, client: Client) -> Self {
        Self {
            name: name.to_owned(),
            id,
            cookies: BTreeMap::new(),
            set_cookies: vec![],
            html: String::new(),
            status: StatusCode::OK,
            headers: header::HeaderMap::new(),
            at: String::new(),
            origin: Some(format!("http://{desk}")),
            client,
            desk,
        }
    }

    /// One request, without following where it leads; tells where that is.
    pub async fn asks(
        &mut self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
    ) -> Option<String> {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let url = format!("http://{}{path}", self.desk);
        let mut request = self.client.request(method.clone(), url);
        request = request.header(header::COOKIE, cookies.join("; "));
        if method == Method::POST {
            request = request.form(form);
        }
        self.hears(request, method == Method::POST, path).await
    }

    /// Sends what stands ready, with what a browser adds to a form, and takes in the answer.
    async fn hears(
        &mut self,
        mut request: RequestBuilder,
        is_form: bool,
        path: &str,
    ) -> Option<String> {
        if let Some(origin) = self.origin.as_ref().filter(|_| is_form) {
            request = request.header(header::ORIGIN, origin);
        }
        let response = request.send().await.expect("the desk answers");
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            self.set_cookies.push(text.to_owned());
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        let location = response.headers().get(header::LOCATION);
        let location = location.map(|to| to.to_str().unwrap().to_owned());
        self.status = response.status();
        self.headers = response.headers().clone();
        self.html = response.text().await.unwrap();
        path.clone_into(&mut self.at);
        location
    }

    async fn goes(&mut self, method: Method, path: &str, form: &[(&str, &str)]) {
        let mut next = self.asks(method, path, form).await;
        while let Some(path) = next {
            next = self.asks(Method::GET, &path, &[]).await;
        }
        let log = || lango::app::telemetry::init_captured().text();
        assert!(!self.status.is_server_error(), "{}: {}\n{}", self.at, self.status, log());
    }

    /// Opens a page.
    pub async fn opens(&mut self, path: &str) {
        self.goes(Method::GET, path, &[]).await;
    }

    /// Sends a form of the open page, with what its pages carry.
    pub async fn sends(&mut self, path: &str, form: &[(&str, &str)]) {
        let token = self.form_token();
        let with = [form, &[("token", token.as_str())]].concat();
        self.goes(Method::POST, path, &with).await;
    }

    /// Brings a file, by the form of the open page.
    pub async fn brings(&mut self, name: &str, bytes: &[u8]) {
        const BOUNDARY: &str = "a-line-between-parts";
        let path = "/admin/stock/upload";
        let part = |head: &str, body: &[u8]| {
            let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n");
            [head.as_bytes(), body, b"\r\n"].concat()
        };
        let body = [
            part("name=\"token\"", self.form_token().as_bytes()),
            part("name=\"site\"", super::SITE.as_bytes()),
            part(&format!("name=\"file\"; filename=\"{name}\""), bytes),
            format!("--{BOUNDARY}--\r\n").into_bytes(),
        ];
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self
            .client
            .post(format!("http://{}{path}", self.desk))
            .header(header::COOKIE, cookies.join("; "))
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(body.concat());
        let mut next = self.hears(request, true, path).await;
        while let Some(path) = next {
            next = self.asks(Method::GET, &path, &[]).await;
        }
    }

    /// What the forms of the open page carry; nothing where there is none.
    pub fn form_token(&self) -> String {
        let after = self.html.split_once(r#"name="token" value=""#);
        after.map_or(String::new(), |(_, rest)| rest.split('"').next().unwrap().to_owned())
    }

    /// Goes to the desk as it is after a restart.
    pub fn at_desk_of(&mut self, town: &Town) {
        self.desk = town.shop().desk;
        self.origin = Some(format!("http://{}", self.desk));
    }

    /// Signs in.
    pub async fn signs_in(&mut self) {
        self.tries(PASSWORD).await;
        assert_eq!(self.at, "/admin", "{} is in: {}", self.name, self.text());
    }

    /// Tries a password.
    pub async fn tries(&mut self, password: &str) {
        let name = self.name.clone();
        let form = [("name", name.as_str()), ("password", password)];
        self.goes(Method::POST, "/admin/sign-in", &form).await;
    }

    /// What the open page says.
    pub fn text(&self) -> String {
        words(&self.html)
    }

    /// The open page says this.
    pub fn reads(&self, text: &str) {
        let said = self.text();
        assert!(said.contains(text), "{} reads at {}: {said}", self.name, self.at);
    }

    /// The open page does not say this.
    pub fn does_not_read(&self, text: &str) {
        let said = self.text();
        assert!(!said.contains(text), "{} reads at {}: {said}", self.name, self.at);
    }
}
