//! A visitor: somebody who is signed in and may open what they asked for.

use super::rights;
use crate::{
    commands::by::By,
    ledger::{purchase::Language, staff::Role},
    store::StaffMember,
    web::{
        page::{Fields, Result, Sorry},
        state::Shop,
    },
};
use axum::{
    body::Body,
    extract::{Form, FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The field of a form that proves that a page of ours sent it.
pub const FORM_TOKEN: &str = "token";

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub member: StaffMember,
    pub name: String,
    /// The token that each of their forms carries.
    pub form_token: String,
    pub lang: Language,
    pub path: String,
    pub here: String,
}

impl Visitor {
    pub fn role(&self) -> Role {
        self.member.staff.role
    }

    pub fn by(&self) -> By {
        By::Staff(self.member.id)
    }

    pub fn may_send(&self, path: &str) -> bool {
        rights::may(self.role(), "POST", path)
    }

    /// Whether a form carries the token of their session.
    pub fn is_form_of(&self, fields: &Fields) -> bool {
        fields.get(FORM_TOKEN).as_bytes().ct_eq(self.form_token.as_bytes()).into()
    }
}

impl FromRequestParts<Arc<Shop>> for Visitor {
    type Rejection = Sorry;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shop>) -> Result<Self> {
        // Only the door puts a visitor there; without the door nobody gets in.
        parts.extensions.get::<Self>().cloned().ok_or(Sorry::NotAllowed)
    }
}

/// A form that a page of theirs sent.
pub struct Posted(pub Visitor, pub Fields);

impl FromRequest<Arc<Shop>> for Posted {
    type Rejection = Sorry;

    async fn from_request(request: Request<Body>, shop: &Arc<Shop>) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, shop).await?;
        let form = Form::<Fields>::from_request(Request::from_parts(parts, body), shop).await;
        let Form(fields) = form.map_err(|_| Sorry::FormForeign)?;
        if visitor.is_form_of(&fields) {
            Ok(Self(visitor, fields))
        } else {
            Err(Sorry::FormForeign)
        }
    }
}
