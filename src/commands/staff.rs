//! People who work at the desk are added, changed, signed in and refused. Their names and passwords
//! stay in the vault.

use crate::ledger::{
    command::{Command, Decision, SessionRow, StaffWrite, VaultWrite},
    event::{Event, NewEvent},
    kernel::{
        chain::hex,
        fingerprint::Fingerprint,
        id::{PurchaseId, StaffId, VoucherId},
        stream::Stream,
        time::{MINUTE, Micros},
    },
    needs::Need,
    purchase::PurchaseStatus,
    refusal::Refusal,
    staff::{PasswordProof, Role, Staff, StaffEvent, staff_once},
    world::World,
};

/// Tries are counted anew after so long.
pub const WINDOW: i64 = 15 * MINUTE;

/// Tries at one name from one place in a window.
pub const TRIES_MAX: i64 = 5;
/// Tries from one place, whatever the names.
const PLACE_TRIES_MAX: i64 = 30;
/// Tries at one name, from wherever.
const NAME_TRIES_MAX: i64 = 60;

fn event(id: StaffId, event: StaffEvent) -> NewEvent {
    NewEvent::alone(Stream::Staff(id), Event::Staff(event))
}

/// A password as the vault and the ledger keep it.
#[derive(Debug, Clone)]
pub struct NewPassword {
    pub sealed: Vec<u8>,
    /// By which the ledger knows it again.
    pub proof: PasswordProof,
}

/// Adds somebody.
#[derive(Debug, Clone)]
pub struct AddStaff {
    pub staff: StaffId,
    pub role: Role,
    pub fingerprint: Fingerprint,
    pub name: Vec<u8>,
    pub password: NewPassword,
}

impl Command for AddStaff {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Once(staff_once(&hex(&self.fingerprint)))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let once = staff_once(&hex(&self.fingerprint));
        if world.once(&once).is_some() {
            return Err(Refusal::StaffExists);
        }
        let known = VaultWrite::Staff(StaffWrite::Known {
            staff: self.staff,
            fingerprint: self.fingerprint,
            name: self.name.clone(),
            password: self.password.sealed.clone(),
        });
        let added = StaffEvent::Added { role: self.role, proof: Some(self.password.proof) };
        let added = event(self.staff, added).once(once);
        Ok(Decision::events(vec![added]).keep([known]))
    }
}

/// Changes what somebody may do, or their password.
#[derive(Debug, Clone)]
pub struct ChangeStaff {
    pub staff: StaffId,
    /// What they may do from now on; `None` leaves it.
    pub role: Option<Role>,
    /// Whether they may sign in no longer; `None` leaves it.
    pub disabled: Option<bool>,
    pub password: Option<NewPassword>,
}

impl Command for ChangeStaff {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Staff(self.staff))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let before = *world.staff(self.staff).ok_or(Refusal::NoSuchStaff)?;
        let after = Staff {
            role: self.role.unwrap_or(before.role),
            disabled: self.disabled.unwrap_or(before.disabled),
            ..before
        };
        if after == before && self.password.is_none() {
            return Err(Refusal::NothingNew);
        }
        let changed = StaffEvent::Changed {
            role: after.role,
            disabled: after.disabled,
            password: self.password.is_some(),
            proof: self.password.as_ref().map(|password| password.proof),
        };
        let staff = self.staff;
        let password = self.password.as_ref().map(|password| password.sealed.clone());
        let mut writes: Vec<StaffWrite> =
            password.map(|password| StaffWrite::Password { staff, password }).into_iter().collect();
        if after.disabled || self.password.is_some() {
            writes.push(StaffWrite::EndSessions(staff));
        }
        let decision = Decision::events(vec![event(staff, changed)]);
        Ok(decision.keep(writes.into_iter().map(VaultWrite::Staff)))
    }
}

/// A try to sign in, before it is known whether anybody has the name.
#[derive(Debug, Clone)]
pub struct SignInTry {
    pub name: Fingerprint,
    pub place: Fingerprint,
    pub at: Micros,
}

/// What the names of counted tries begin with.
pub const SIGN_IN: &str = "sign_in:";

/// What the names of the tries begin with that count at a time.
pub fn window_of(at: Micros) -> String {
    format!("{SIGN_IN}{}:", at.0 / WINDOW)
}

impl SignInTry {
    /// What is counted, and how often it may be; that of the name from the place first.
    fn counted(&self) -> [(String, i64); 3] {
        let (window, name) = (window_of(self.at), hex(&self.name[..16]));
        let place = hex(&self.place[..16]);
        [
            (format!("{window}{name}:{place}"), TRIES_MAX),
            (format!("{window}place:{place}"), PLACE_TRIES_MAX),
            (format!("{window}name:{name}"), NAME_TRIES_MAX),
        ]
    }

    /// The name under which all wrong tries of its window are counted.
    fn wrong(&self) -> String {
        format!("{}wrong", window_of(self.at))
    }
}

/// Counts a try before the password is looked at, whether or not anybody has the name.
#[derive(Debug, Clone)]
pub struct CountSignIn(pub SignInTry);

impl Command for CountSignIn {
    fn needs(&self, _: &World) -> Vec<Need> {
        self.0.counted().into_iter().map(|(subject, _)| Need::Tries(subject)).collect()
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let counted = self.0.counted();
        if counted.iter().any(|(subject, max)| world.tries(subject) >= *max) {
            return Err(Refusal::TooManyTries);
        }
        let tries = counted.into_iter().map(|(subject, _)| VaultWrite::Try { subject });
        Ok(Decision::default().keep(tries))
    }

    fn actor(&self) -> &'static str {
        "desk"
    }
}

/// Notes that a counted try was wrong. Something is written whether or not anybody has the name, so
/// that the time it takes tells nothing.
#[derive(Debug, Clone)]
pub struct RefuseSignIn {
    pub given: SignInTry,
    pub staff: Option<StaffId>,
}

impl Command for RefuseSignIn {
    fn needs(&self, _: &World) -> Vec<Need> {
        let [(subject, _), ..] = self.given.counted();
        let stream = self.staff.map(|id| Need::Stream(Stream::Staff(id)));
        [subject, self.given.wrong()].map(Need::Tries).into_iter().chain(stream).collect()
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let [(subject, _), ..] = self.given.counted();
        let times = world.tries(&subject);
        let staff = self.staff.filter(|id| world.staff(*id).is_some());
        let tries = u32::try_from(times).unwrap_or(u32::MAX);
        let told = staff.filter(|_| times == 1 || times == TRIES_MAX);
        let events = told.map(|id| event(id, StaffEvent::Refused { tries })).into_iter().collect();
        let wrong = VaultWrite::Try { subject: self.given.wrong() };
        Ok(Decision::events(events).keep([wrong]))
    }

    fn actor(&self) -> &'static str {
        "desk"
    }
}

/// Begins a session: the password was right.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub session: SessionRow,
    /// Which password was right: noted where the ledger does not know yet, so that from now on no
    /// older one can be put back.
    pub password: PasswordProof,
}

impl Command for SignIn {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Staff(self.session.staff))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let id = self.session.staff;
        let &Staff { role, disabled, proof, .. } = world.staff(id).ok_or(Refusal::NoSuchStaff)?;
        if disabled || proof.is_some_and(|proof| proof != self.password) {
            return Err(Refusal::NotAllowed);
        }
        let learnt = proof.is_none().then_some(StaffEvent::Changed {
            role,
            disabled,
            password: false,
            proof: Some(self.password),
        });
        let events = learnt.into_iter().chain([StaffEvent::SignedIn {}]);
        let session = VaultWrite::Staff(StaffWrite::Session(self.session));
        Ok(Decision::events(events.map(|it| event(id, it)).collect()).keep([session]))
    }

    fn actor(&self) -> &'static str {
        "desk"
    }
}

/// Somebody is about to see the code of a sale in clear.
#[derive(Debug, Clone)]
pub struct LookAtCode {
    pub staff: StaffId,
    pub purchase: PurchaseId,
    /// The code that it had when it was looked up.
    pub voucher: VoucherId,
}

impl Command for LookAtCode {
    fn needs(&self, _: &World) -> Vec<Need> {
        let purchase = Stream::Purchase(self.purchase);
        vec![Need::Stream(Stream::Staff(self.staff)), Need::Stream(purchase)]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let staff = world.staff(self.staff).ok_or(Refusal::NoSuchStaff)?;
        if staff.disabled || !staff.role.may_look_at_codes() {
            return Err(Refusal::NotAllowed);
        }
        let status = world.purchase(self.purchase).map(|purchase| purchase.status);
        if status != Some(PurchaseStatus::Fulfilled(self.voucher)) {
            return Err(Refusal::NotDue);
        }
        let looked = event(self.staff, StaffEvent::LookedAtCode { voucher: self.voucher });
        let looked = NewEvent { correlation: Some(self.purchase), ..looked };
        Ok(Decision::events(vec![looked]))
    }

    fn actor(&self) -> &'static str {
        "desk"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{at, given, kinds, purchase, served, stocked};
    use uuid::Uuid;

    fn who(n: u128) -> StaffId {
        StaffId(Uuid::from_u128(n))
    }

    fn add(n: u128, role: Role) -> AddStaff {
        AddStaff {
            staff: who(n),
            role,
            fingerprint: [u8::try_from(n).unwrap(); 32],
            name: vec![1],
            password: password(2),
        }
    }

    fn password(n: u8) -> NewPassword {
        NewPassword { sealed: vec![n], proof: PasswordProof([n; 32]) }
    }

    fn sign_in(n: u128, password: u8) -> SignIn {
        let (fingerprint, proof) = ([9; 32], [8; 32]);
        let session = SessionRow { staff: who(n), fingerprint, began_at: at(0), proof };
        SignIn { session, password: PasswordProof([password; 32]) }
    }

    fn change(n: u128) -> ChangeStaff {
        ChangeStaff { staff: who(n), role: None, disabled: None, password: None }
    }

    fn added(n: u128, role: Role) -> Vec<NewEvent> {
        given([]).when(&add(n, role)).then_recorded()
    }

    fn disabled(n: u128) -> Vec<NewEvent> {
        let disable = ChangeStaff { disabled: Some(true), ..change(n) };
        let mut history = added(n, Role::Cashier);
        history.extend(given(history.clone()).when(&disable).then_recorded());
        history
    }

    #[test]
    fn a_name_means_one_person() {
        let (events, vault) = given([]).when(&add(1, Role::Owner)).then_both();
        assert_eq!((kinds(&events), vault.len()), (vec!["staff_added".to_owned()], 1));
        let again = AddStaff { staff: who(2), ..add(1, Role::Cashier) };
        given(events).when(&again).then_refused(&Refusal::StaffExists);
    }

    #[test]
    fn another_password_or_being_disabled_ends_every_session() {
        let ends = VaultWrite::Staff(StaffWrite::EndSessions(who(1)));
        let history = added(1, Role::Cashier);
        let other = ChangeStaff { password: Some(password(3)), ..change(1) };
        let gone = ChangeStaff { disabled: Some(true), ..change(1) };
        for command in [&other, &gone] {
            let (_, vault) = given(history.clone()).when(command).then_both();
            assert!(vault.contains(&ends), "{vault:?}");
        }
        let role = ChangeStaff { role: Some(Role::Owner), ..change(1) };
        let (events, vault) = given(history.clone()).when(&role).then_both();
        assert_eq!((kinds(&events), vault), (vec!["staff_changed".to_owned()], vec![]));
        given(history.clone()).when(&change(1)).then_refused(&Refusal::NothingNew);
        given(history).when(&change(2)).then_refused(&Refusal::NoSuchStaff);
    }

    #[test]
    fn who_is_disabled_does_not_sign_in() {
        let events = given(added(1, Role::Auditor)).when(&sign_in(1, 2)).then_recorded();
        assert_eq!(kinds(&events), ["staff_signed_in"]);
        given(disabled(1)).when(&sign_in(1, 2)).then_refused(&Refusal::NotAllowed);
    }

    #[test]
    fn a_password_that_is_not_the_ledgers_signs_nobody_in() {
        let mut history = added(1, Role::Owner);
        given(history.clone()).when(&sign_in(1, 3)).then_refused(&Refusal::NotAllowed);
        let other = ChangeStaff { password: Some(password(3)), ..change(1) };
        history.extend(given(history.clone()).when(&other).then_recorded());
        given(history.clone()).when(&sign_in(1, 2)).then_refused(&Refusal::NotAllowed);
        assert_eq!(given(history).when(&sign_in(1, 3)).then_recorded().len(), 1);
    }

    #[test]
    fn who_was_added_before_passwords_were_proven_is_held_to_the_first_that_signs_in() {
        let long_ago = StaffEvent::Added { role: Role::Owner, proof: None };
        let mut history = vec![event(who(1), long_ago)];
        let events = given(history.clone()).when(&sign_in(1, 2)).then_recorded();
        assert_eq!(kinds(&events), ["staff_changed", "staff_signed_in"]);
        history.extend(events);
        given(history.clone()).when(&sign_in(1, 3)).then_refused(&Refusal::NotAllowed);
        let events = given(history).when(&sign_in(1, 2)).then_recorded();
        assert_eq!(kinds(&events), ["staff_signed_in"], "once");
    }

    #[test]
    fn wrong_passwords_are_counted_and_told_twice_at_most() {
        let try_ = SignInTry { name: [1; 32], place: [2; 32], at: at(0) };
        let [(subject, _), ..] = try_.counted();
        let refuse = RefuseSignIn { given: try_.clone(), staff: Some(who(1)) };
        let mut told = 0;
        for times in 1..=TRIES_MAX {
            let tried = given(added(1, Role::Owner)).having_tried(&subject, times - 1);
            tried.when(&CountSignIn(try_.clone())).then_both();
            let counted = given(added(1, Role::Owner)).having_tried(&subject, times);
            let (events, vault) = counted.when(&refuse).then_both();
            told += events.len();
            assert_eq!(vault.len(), 1);
        }
        assert_eq!(told, 2);
        let tried = given([]).having_tried(&subject, TRIES_MAX);
        tried.when(&CountSignIn(try_.clone())).then_refused(&Refusal::TooManyTries);
        let stranger = RefuseSignIn { given: try_, staff: None };
        let (events, vault) = given([]).having_tried(&subject, 1).when(&stranger).then_both();
        assert_eq!((events.len(), vault.len()), (0, 1), "it writes, and tells nothing");
    }

    #[test]
    fn only_some_see_a_code_and_the_sale_tells() {
        let (mut sold, voucher) = served(1);
        for (n, role) in (1..).zip(Role::ALL) {
            sold.extend(added(n, role));
        }
        let look = |n| LookAtCode { staff: who(n), purchase: purchase(1), voucher };
        for n in [1, 2] {
            let events = given(sold.clone()).when(&look(n)).then_recorded();
            assert_eq!(events[0].correlation, Some(purchase(1)));
        }
        for n in [3, 4] {
            given(sold.clone()).when(&look(n)).then_refused(&Refusal::NotAllowed);
        }
        let mut unsold = stocked(1);
        unsold.extend(added(1, Role::Owner));
        given(unsold).when(&look(1)).then_refused(&Refusal::NotDue);
    }
}
