//! The field in which people answer what the page asks them.

use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;

use super::{Notice, Question};

/// The field and its button, while there is a question.
#[component]
pub fn Prompt(
    /// What the page says.
    notice: Memo<Notice>,
    /// Takes the answer.
    answer: impl Fn(Question, String) + 'static,
) -> impl IntoView {
    let question = Memo::new(move |_| notice.with(|notice| notice.question));
    let field = NodeRef::<Input>::new();
    Effect::new(move |_| {
        if let (Some(_), Some(field)) = (question.get(), field.get()) {
            let _ = field.focus();
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let (Some(question), Some(field)) = (question.get_untracked(), field.get_untracked()) {
            let text = field.value();
            field.set_value("");
            if !text.is_empty() {
                answer(question, text);
            }
        }
    };
    let label = move || question.get().map(Question::label);
    view! {
        <form prop:hidden=move || question.get().is_none() on:submit=submit>
            <input node_ref=field type="password" autocomplete="off" aria-label=label placeholder=label/>
            <button>"Continue"</button>
        </form>
    }
}
