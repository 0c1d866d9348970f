//! What a provider says that does not count, and what comes without anybody having asked.

use serde_json::json;
use vigia_domain::user::Role;

use super::provider::{Question, Signed};
use super::{CALLBACK, INVITED, as_it_is, scenes};

const FEW: [(&str, &str); 1] = [("VIGIA_SIGN_IN__TRIES_PER_ADDRESS", "3")];

scenes! {
    with INVITED:
    async fn a_token_that_is_not_what_it_has_to_be_opens_nothing(s: Scene) {
        s.it.user("eva@example.org", Role::Customer).await;
        for (name, value) in [
            ("nonce", json!("another")),
            ("nonce", json!(null)),
            ("aud", json!("another program")),
            ("aud", json!(["vigia", "another program"])),
            ("iss", json!("https://another.example")),
            ("exp", json!(s.now_ms() / 1000 - 1)),
            ("exp", json!(null)),
            ("sub", json!("")),
            ("sub", json!("a\u{0}b")),
            ("sub", json!("x".repeat(256))),
        ] {
            let (location, cookie) = s.come(Signed::Rightly, |claims| claims[name] = value.clone()).await;
            assert_eq!((location.as_str(), s.whose(&cookie).await.as_str()), ("/sign-in?oidc=refused", ""), "{name}: {value}");
        }
        for signed in [Signed::ByNobody, Signed::ByAnother, Signed::BySecret] {
            assert_eq!(s.come(signed, as_it_is).await.0, "/sign-in?oidc=refused", "{signed:?}");
        }
        assert!(s.nobody_is_in().await);
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/", "and the right one opens");
    }

    async fn an_address_that_the_provider_does_not_vouch_for_opens_nothing(s: Scene) {
        s.it.user("eva@example.org", Role::Customer).await;
        for (email, verified) in [
            (json!("eva@example.org"), json!(false)),
            (json!("eva@example.org"), json!(null)),
            (json!("eva"), json!(true)),
            (json!("eva@example.org\u{0}"), json!(true)),
        ] {
            s.op.say_more(json!({ "sub": "s-1" }));
            let (location, _) = s.come(Signed::Rightly, |claims| {
                claims["email"] = email.clone();
                claims["email_verified"] = verified.clone();
            }).await;
            assert_eq!(location, "/sign-in?oidc=unverified", "{email} {verified}");
        }
        assert!(s.nobody_is_in().await);
    }

    async fn an_answer_works_once_in_the_browser_that_asked_and_for_ten_minutes(s: Scene) {
        s.it.user("eva@example.org", Role::Customer).await;
        let grant = |question: &Question| s.op.grant(question, Signed::Rightly, s.now_ms(), as_it_is);
        // Without the browser that asked, or in one that asked something else.
        let (question, cookie) = s.begin("", "").await;
        assert_eq!(s.back(&question, &grant(&question), "").await.0, "/sign-in?oidc=again");
        let (other, others) = s.begin("", "").await;
        assert_eq!(s.back(&question, &grant(&question), &others).await.0, "/sign-in?oidc=again");
        assert_eq!(s.back(&other, &grant(&other), &others).await.0, "/sign-in?oidc=again", "a wrong try ends it");
        // Once.
        let code = grant(&question);
        assert_eq!(s.back(&question, &code, &cookie).await.0, "/");
        for code in [code, grant(&question)] {
            assert_eq!(s.back(&question, &code, &cookie).await.0, "/sign-in?oidc=again");
        }
        // In time.
        let (question, cookie) = s.begin("", "").await;
        s.it.world.advance(10 * 60 * 1000);
        assert_eq!(s.back(&question, &grant(&question), &cookie).await.0, "/sign-in?oidc=again");
        assert_eq!(s.go(CALLBACK, "").await.1, "/sign-in?oidc=again", "nothing at all");
    }

    async fn a_code_of_somebody_elses_question_is_refused(s: Scene) {
        s.it.user("eva@example.org", Role::Customer).await;
        let ((own, cookie), (others, _)) = (s.begin("", "").await, s.begin("", "").await);
        let stolen = s.op.grant(&others, Signed::Rightly, s.now_ms(), as_it_is);
        assert_eq!(s.back(&own, &stolen, &cookie).await.0, "/sign-in?oidc=refused");
        assert!(s.nobody_is_in().await);
    }

    async fn who_says_no_to_their_provider_is_told_so_and_so_is_who_asks_for_none(s: Scene) {
        for (said, word) in [
            ("error=access_denied", "declined"),
            ("error=temporarily_unavailable", "away"),
            ("error=%3Cscript%3E", "refused"),
            ("code=x&iss=https%3A%2F%2Fanother.example", "refused"),
            ("code=x", "refused"),
            ("nothing=x", "refused"),
        ] {
            let (question, cookie) = s.begin("", "").await;
            let (_, location, ..) = s.go(&format!("{CALLBACK}?{said}&state={}", question.part("state")), &cookie).await;
            assert_eq!(location, format!("/sign-in?oidc={word}"), "{said}");
        }
        for path in ["/api/v1/auth/oidc/nobody", "/api/v1/auth/oidc/nobody/callback?code=x&state=y"] {
            assert_eq!(s.go(path, "").await.1, "/sign-in?oidc=unknown");
        }
    }

    async fn it_comes_out_at_an_address_of_ours_and_nowhere_else(s: Scene) {
        s.it.user("eva@example.org", Role::Customer).await;
        for next in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "x", ""] {
            let (question, cookie) = s.begin(&format!("?next={next}"), "").await;
            let code = s.op.grant(&question, Signed::Rightly, s.now_ms(), as_it_is);
            assert_eq!(s.back(&question, &code, &cookie).await.0, "/", "{next}");
        }
    }

    async fn a_provider_that_is_away_is_told_of_and_nothing_fails(s: Scene) {
        s.op.be_ill(true);
        assert_eq!(s.go("/api/v1/auth/oidc/op", "").await.1, "/sign-in?oidc=away");
        s.op.be_ill(false);
        let (question, cookie) = s.begin("", "").await;
        let code = s.op.grant(&question, Signed::Rightly, s.now_ms(), as_it_is);
        s.op.stop();
        assert_eq!(s.back(&question, &code, &cookie).await.0, "/sign-in?oidc=away");
        s.it.world.advance(2 * 60 * 60 * 1000);
        assert_eq!(s.go("/api/v1/auth/oidc/op", "").await.1, "/sign-in?oidc=away");
    }

    async fn while_the_database_is_away_one_is_told_so_and_nothing_fails(s: Scene) {
        s.it.app.databases().close().await;
        let (status, location, ..) = s.go("/api/v1/auth/oidc/op", "").await;
        assert_eq!((status, location.as_str()), (303, "/sign-in?oidc=later"));
    }

    async fn what_was_begun_and_left_is_forgotten(s: Scene) {
        s.begin("", "").await;
        assert_eq!(s.count("SELECT COUNT(*) FROM sessions WHERE user_id IS NULL").await, 1);
        s.it.world.advance(61 * 60 * 1000);
        s.it.app.sessions().tidy().await.expect("tidied");
        assert_eq!(s.count("SELECT COUNT(*) FROM sessions").await, 0);
    }

    with FEW:
    async fn answers_that_nobody_asked_for_keep_nobody_from_signing_in(s: Scene) {
        // A page of somebody else's has its readers' browsers fetch these.
        for _ in 0..10 {
            assert_eq!(s.go(&format!("{CALLBACK}?code=x&state=y"), "").await.1, "/sign-in?oidc=again");
        }
        assert_eq!(s.go("/api/v1/auth/oidc/op", "").await.0, 303);
        assert!(s.it.app.tries().begin(None, Some("ana@example.org")).is_ok());
    }
}
