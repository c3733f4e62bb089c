//! What is written is what every reader expects.

use std::ops::ControlFlow;
use std::path::PathBuf;

use headroom_formats::check_tokenizer;
use tempfile::TempDir;
use tokenizers::Tokenizer;

use super::*;
use crate::data::{Content, DataSettings, DataSource};
use crate::tokenizer::{SPECIAL_TOKENS, TrainingTokenizer};

pub(crate) const TEXT: &str = "The fox said \"hello\" to 12 birds.\n<|endoftext|>\nThe birds were 34, and they said hello.\n\
    <|endoftext|>\nGrüße, 狐!\n<|endoftext|>\nThe last one validates.\n";

pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("text.txt"), text).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn request(&self, vocabulary_size: usize) -> TokenizerRequest {
        let source = DataSource::Local(self.path("text.txt"));
        TokenizerRequest {
            data: DataSettings::new(source, Content::Text),
            vocabulary_size,
            most_text_bytes: None,
        }
    }

    pub(crate) fn train(
        &self,
        vocabulary_size: usize,
    ) -> Result<TokenizerReport, TokenizerLearningError> {
        let output = self.path("tokenizer");
        train_tokenizer(&self.request(vocabulary_size), &output, &mut go_on)
    }

    pub(crate) fn tokenizer(&self) -> TrainingTokenizer {
        self.train(300).unwrap();
        TrainingTokenizer::read(&self.path("tokenizer")).unwrap()
    }

    pub(crate) fn written(&self) -> Tokenizer {
        Tokenizer::from_file(self.path("tokenizer").join("tokenizer.json")).unwrap()
    }
}

/// A tokenizer of 300 tokens, made of a few sentences.
pub(crate) fn small_tokenizer() -> TrainingTokenizer {
    Place::with(TEXT).tokenizer()
}

fn go_on(_: LearningProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn the_vocabulary_has_the_size_asked_for_and_special_tokens_last() {
    let place = Place::with(TEXT);
    let report = place.train(280).unwrap();
    assert_eq!((report.vocabulary_size, report.documents), (280, 3));
    let path = place.path("tokenizer").join("tokenizer.json");
    let summary = check_tokenizer(&std::fs::read(&path).unwrap(), &path).unwrap();
    assert_eq!(summary.vocabulary_size, 280);
    let tokenizer = place.written();
    let ids = SPECIAL_TOKENS.map(|token| tokenizer.token_to_id(token).unwrap());
    assert_eq!(ids.to_vec(), (271..280).collect::<Vec<u32>>());
}

#[test]
fn what_is_held_out_is_not_learned_from() {
    let last = "zqzq ".repeat(500);
    let place = Place::with(&format!("{TEXT}<|endoftext|>\n{last}"));
    place.train(300).unwrap();
    assert_eq!(place.written().token_to_id("zq"), None);
}

#[test]
fn text_comes_back_from_its_tokens() {
    let place = Place::with(TEXT);
    place.train(300).unwrap();
    let tokenizer = place.written();
    for text in ["hello birds", " é\u{301} 狐 \u{0}\r\n", "12345", ""] {
        let ids = tokenizer.encode(text, true).unwrap().get_ids().to_vec();
        assert_eq!(Some(&ids[0]), tokenizer.token_to_id("<|bos|>").as_ref());
        assert_eq!(tokenizer.decode(&ids, true).unwrap(), text);
    }
}

#[test]
fn the_same_text_gives_the_same_files() {
    let files = [
        "tokenizer.json",
        "tokenizer_config.json",
        "generation_config.json",
        "token_bytes.json",
    ];
    let written = || {
        let place = Place::with(TEXT);
        place.train(300).unwrap();
        files.map(|name| std::fs::read(place.path("tokenizer").join(name)).unwrap())
    };
    assert_eq!(written(), written());
}

#[test]
fn bad_requests_are_refused_and_leave_nothing_behind() {
    let place = Place::with(TEXT);
    let sentence =
        |result: Result<TokenizerReport, TokenizerLearningError>| result.unwrap_err().to_string();
    assert!(sentence(place.train(264)).contains("give 265"));
    assert!(sentence(place.train(1 << 30)).contains("to 700000"));
    let stop = &mut |_| ControlFlow::Break(());
    let output = place.path("tokenizer");
    let stopped = train_tokenizer(&place.request(300), &output, stop);
    assert!(matches!(stopped, Err(TokenizerLearningError::Cancelled)));
    let names = std::fs::read_dir(place.folder.path()).unwrap().count();
    assert_eq!(names, 1, "only the text is there");
    std::fs::write(&output, "").unwrap();
    assert!(sentence(place.train(300)).contains("is there already"));
}

#[test]
fn a_text_with_too_few_pairs_gives_fewer_tokens() {
    let place = Place::with("ab ab\n<|endoftext|>\nab\n");
    assert_eq!(place.train(1_000).unwrap().vocabulary_size, 265 + 2);
}
