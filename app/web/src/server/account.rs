//! One's own account, and what the installation is made of.

use std::path::Path;

use vigia_backend::auth::account;
use vigia_backend::auth::own_data::{self, NotDeleted};
use vigia_backend::auth::sign_in::SignInError;
use vigia_backend::db::Db;
use vigia_backend::db::users::Profile;
use vigia_backend::zone::is_zone;
use vigia_domain::ids::UserId;
use vigia_domain::rights::{Action, Principal};

use super::{Asked, go_on, passkeys, remember, sign_in, told};
use crate::boot::Theme;
use crate::fault::{Fault, FieldFault};
use crate::i18n::Lang;
use crate::pages::settings::{Installation, OwnSession, SettingsData};

/// Everything on the page of settings.
pub(crate) async fn settings() -> Result<SettingsData, Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    let visitor = told(sign_in::visitor(&asked.app, &asked.principal).await.map_err(Into::into))?;
    let visitor = told(visitor.ok_or(Fault { status: 401, field: None }))?;
    let has_password = told(account::has_password(&asked.app, user).await.map_err(Into::into))?;
    let sessions = told(account::own_sessions(&asked.app, &asked.session()?, user).await.map_err(Into::into))?;
    let sessions = sessions.into_iter().map(own_session).collect();
    let (identities, providers) = told(super::oidc::identities(&asked, user).await)?;
    let passkeys = told(passkeys::own(&asked, user, has_password).await)?;
    let installation = if visitor.rights.has(Action::Watch) { Some(installation(&asked).await) } else { None };
    let second_step_ms = super::second_step::since(&asked, user).await?;
    Ok(SettingsData { visitor, has_password, passkeys, identities, providers, second_step_ms, sessions, installation })
}

fn own_session(session: account::OwnSession) -> OwnSession {
    let account::OwnSession { key, is_app, address, agent, began_ms, used_ms, is_this } = session;
    OwnSession { key, is_app, agent: agent.map(|agent| program(&agent)), address, began_ms, used_ms, is_this }
}

/// What a program that says so much of itself is called in one line: browser and system where they are known, its own beginning else.
pub(super) fn program(agent: &str) -> String {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] =
        [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux")];
    let of = |known: &[(&str, &'static str)]| known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (agent.starts_with("Mozilla/"), of(&BROWSERS), of(&SYSTEMS)) {
        (true, Some(browser), Some(system)) => format!("{browser} · {system}"),
        (true, Some(name), None) | (true, None, Some(name)) => name.to_owned(),
        _ => super::visible(&agent.chars().take(60).collect::<String>()),
    }
}

async fn installation(asked: &Asked) -> Installation {
    let settings = asked.app.settings();
    let folder = settings.data.dir.clone();
    let data_bytes = tokio::task::spawn_blocking(move || bytes_of(&folder)).await.unwrap_or_default();
    Installation {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        database: match asked.app.registry() {
            Db::Sqlite(_) => "SQLite",
            Db::Postgres(_) => "PostgreSQL",
        }
        .to_owned(),
        has_own_broker: settings.mqtt.external().is_none(),
        broker_trouble: asked.app.broker().and_then(|broker| broker.trouble()),
        data_bytes,
    }
}

/// The bytes of the files in the data folder itself; it has no deep tree.
fn bytes_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.flatten().filter_map(|entry| entry.metadata().ok()).filter(std::fs::Metadata::is_file).map(|meta| meta.len()).sum()
}

/// Refuses a form that came with the page of another account: one that has signed in since, in another tab.
pub(crate) async fn still(of: Option<&str>) -> Result<(), Fault> {
    let Some(of) = of else { return Ok(()) };
    let asked = Asked::here()?;
    let visitor = told(sign_in::visitor(&asked.app, &asked.principal).await.map_err(Into::into))?;
    let is_still = visitor.is_some_and(|visitor| visitor.email == of);
    if is_still { Ok(()) } else { told(Err(Fault { status: 401, field: None })) }
}

/// A profile has a name.
pub(crate) fn no_name() -> Result<(), Fault> {
    told(Err(FieldFault::Name.into()))
}

/// Keeps what is given of name, language and colours.
pub(crate) async fn save_profile(name: Option<&str>, lang: Option<Lang>, theme: Option<Theme>, zone: Option<&str>) -> Result<(), Fault> {
    if zone.is_some_and(|zone| !zone.is_empty() && !is_zone(zone)) {
        return told(Err(FieldFault::Zone.into()));
    }
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    let (lang, theme) = (lang.map(Lang::as_str), theme.map(Theme::as_str));
    told(account::set_profile(&asked.app, &asked.from, user, Profile { name, lang, theme, zone }).await.map_err(Into::into))?;
    for (cookie, choice) in [("lang", lang), ("theme", theme)] {
        if let Some(choice) = choice {
            remember(cookie, choice);
        }
    }
    go_on("/settings?done=profile");
    Ok(())
}

/// Keeps a language: in this browser, and in the profile of who is signed in.
pub(crate) async fn choose_language(lang: Lang) -> Result<(), Fault> {
    let asked = Asked::here()?;
    if let Ok(user) = asked.user() {
        let profile = Profile { lang: Some(lang.as_str()), ..Profile::default() };
        told(account::set_profile(&asked.app, &asked.from, user, profile).await.map_err(Into::into))?;
    }
    remember("lang", lang.as_str());
    Ok(())
}

/// The same for colours.
pub(crate) async fn choose_theme(theme: Theme) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    let profile = Profile { theme: Some(theme.as_str()), ..Profile::default() };
    told(account::set_profile(&asked.app, &asked.from, user, profile).await.map_err(Into::into))?;
    remember("theme", theme.as_str());
    go_on("/settings");
    Ok(())
}

/// Another password for who knows the one before.
pub(crate) async fn change_password(current: &str, new: &str) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    let done = account::change_password(&asked.app, &asked.session()?, &asked.from, user, current, new).await;
    told(done.map_err(|error| match error {
        SignInError::Wrong => FieldFault::PasswordWrong.into(),
        other => other.into(),
    }))?;
    go_on("/settings?done=password");
    Ok(())
}

/// Signs the other browsers out.
pub(crate) async fn end_other_sessions() -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    told(account::end_other_sessions(&asked.app, &asked.session()?, &asked.from, user).await.map(drop).map_err(Into::into))?;
    go_on("/settings?done=sessions");
    Ok(())
}

/// Signs one browser or app out.
pub(crate) async fn end_session(key: &str) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    told(account::end_session(&asked.app, &asked.from, user, key).await.map_err(Into::into))?;
    go_on("/settings?done=session");
    Ok(())
}

/// Deletes one's account, and goes to the door.
pub(crate) async fn delete_account(password: &str) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    let done = own_data::delete(&asked.app, Some(&asked.session()?), &asked.from, user, password).await;
    told(done.map_err(|error| match error {
        NotDeleted::LastAdmin => FieldFault::LastAdmin.into(),
        NotDeleted::SignIn(SignInError::Wrong) => FieldFault::PasswordWrong.into(),
        NotDeleted::SignIn(error) => error.into(),
    }))?;
    go_on("/sign-in?link=left");
    Ok(())
}

impl Asked {
    /// Who asks, if it is a person.
    pub(super) fn user(&self) -> Result<UserId, Fault> {
        match &self.principal {
            Principal::User { id, .. } => Ok(*id),
            _ => Err(Fault { status: 401, field: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_told_in_one_line() {
        for (agent, told) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36",
                "Chrome · Android",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36 Edg/150.0",
                "Edge · Windows",
            ),
            ("curl/8.5.0", "curl/8.5.0"),
            ("Mozilla/9 <script>", "Mozilla/9 <script>"),
        ] {
            assert_eq!(program(agent), told);
        }
        assert_eq!(program("app \u{202e}txt"), "app \\u{202e}txt");
    }
}
