use super::*;

fn not_ready() -> Value {
    plugin_error(503, "Haven't received SPS/PPS from memsink yet")
}

#[test]
fn a_source_that_comes_late_is_waited_for() {
    let mut stage = Stage::new();
    stage.attach();
    stage.acknowledge_all();
    stage.plugin(features("stun:a:1"));
    for _ in 0..5 {
        stage.plugin(not_ready());
        let reason = "Haven't received SPS/PPS from memsink yet".to_owned();
        assert_eq!(*stage.status(), Status::WaitingForSource { reason });
        stage.pass(1000);
        assert_eq!(stage.requests(), ["watch"]);
    }
    stage.offer();
    assert_eq!(*stage.status(), Status::Starting);
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn a_source_is_asked_for_soon_and_then_about_once_a_second() {
    let mut stage = Stage::new();
    stage.attach();
    let mut asked = Vec::new();
    for _ in 0..8 {
        stage.acknowledge_all();
        stage.plugin(not_ready());
        let before = stage.now;
        while stage.sent.is_empty() {
            stage.pass(1);
        }
        asked.push(stage.now.since(before).as_millis());
    }
    assert!((50..=101).contains(&asked[0]), "{asked:?}");
    assert!(
        asked[4..].iter().all(|wait| (500..=1001).contains(wait)),
        "{asked:?}"
    );
}

#[test]
fn a_refusal_that_comes_twice_is_asked_for_once() {
    let mut stage = Stage::new();
    stage.attach();
    stage.acknowledge_all();
    stage.plugin(not_ready());
    stage.plugin(not_ready());
    stage.pass(100);
    assert_eq!(stage.requests(), ["watch"]);
}

#[test]
fn a_refusal_of_watch_is_not_taken_for_one_of_features() {
    let mut stage = Stage::new();
    stage.attach();
    stage.acknowledge_all();
    stage.plugin(not_ready());
    stage.plugin(not_ready());
    stage.plugin(features("stun:a:1"));
    stage.offer();
    let (sdp, ice_url) = (OFFER.to_owned(), Some("stun:a:1".to_owned()));
    assert_eq!(
        stage.outputs().last(),
        Some(&Output::ApplyOffer { sdp, ice_url })
    );
}

#[test]
fn a_session_is_kept_alive_while_the_source_is_away() {
    let mut stage = Stage::new();
    stage.attach();
    for _ in 0..200 {
        for request in stage.sent() {
            stage.message(json!({"janus": "ack", "transaction": request["transaction"]}));
            if name(&request) == "watch" {
                stage.plugin(not_ready());
            }
        }
        stage.pass(1000);
    }
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn a_watch_without_an_outcome_is_a_failure_even_when_acknowledged() {
    let mut stage = Stage::new();
    stage.attach();
    stage.acknowledge_all();
    stage.pass(10_000);
    assert_eq!(*stage.problem(), Problem::NoAnswer("watch"));
}

#[test]
fn a_plugin_that_knows_no_features_is_watched_without() {
    let mut stage = Stage::new();
    stage.attach();
    stage.acknowledge_all();
    stage.plugin(plugin_error(405, "Not implemented"));
    stage.offer();
    assert!(matches!(
        stage.outputs().last(),
        Some(Output::ApplyOffer { ice_url: None, .. })
    ));
}

#[test]
fn an_error_names_the_request_it_answers_by_its_transaction() {
    let mut stage = Stage::new();
    stage.attach();
    let [_, watch] = stage.sent().try_into().unwrap();
    let mut refused = event(plugin_error(405, "Not implemented"));
    refused["transaction"] = watch["transaction"].clone();
    stage.message(refused);
    assert!(matches!(stage.problem(), Problem::WatchRefused(_)));
}

#[test]
fn a_second_refusal_is_that_of_watch() {
    let mut stage = Stage::new();
    stage.attach();
    stage.acknowledge_all();
    stage.plugin(plugin_error(405, "Not implemented"));
    stage.plugin(plugin_error(405, "Not implemented"));
    assert!(matches!(stage.problem(), Problem::WatchRefused(_)));
}
