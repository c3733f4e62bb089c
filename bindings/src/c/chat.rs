//! Conversations that the host keeps itself, put to a model whole.

use std::ffi::c_char;
use std::mem::offset_of;

use headroom_engine::{ChatMessage, Prompt, Role};

use crate::c::error::{hr_error, report};
use crate::c::generation::{hr_generation, start};
use crate::c::model::hr_model;
use crate::c::output::{Output, null};
use crate::c::parameters::{hr_generate_parameters, parameters_in};
use crate::c::structs::{AnyBytes, SizeFirst, read_struct, size_of_given};
use crate::c::text::text_in;
use crate::fault::{Fault, FaultKind};
use crate::handles::handles;
use crate::running::RunningGeneration;

/// Who says something in a conversation.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_role {
    /// Instructions that hold for the whole conversation.
    HR_ROLE_SYSTEM = 0,
    /// The person.
    HR_ROLE_USER = 1,
    /// The model.
    HR_ROLE_ASSISTANT = 2,
}

impl From<Role> for hr_role {
    fn from(role: Role) -> Self {
        match role {
            Role::System => Self::HR_ROLE_SYSTEM,
            Role::User => Self::HR_ROLE_USER,
            Role::Assistant => Self::HR_ROLE_ASSISTANT,
        }
    }
}

/// One turn of a conversation.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_message {
    /// `sizeof(hr_message)`, set by the host; in an array the same for all.
    pub size: usize,
    /// Who says it: one of `hr_role`.
    pub role: u64,
    /// What is said, in UTF-8.
    pub content: *const c_char,
    /// Its length in bytes.
    pub content_length: usize,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_message {
    const NAME: &'static str = "hr_message";
    const FIRST_SIZE: usize = offset_of!(Self, content_length) + size_of::<usize>();
}

// SAFETY: integers and a raw pointer alone.
unsafe impl AnyBytes for hr_message {}

/// More turns than any context holds: a count beyond it was never set.
const MOST_MESSAGES: usize = 1 << 20;

impl hr_message {
    const NONE: Self = Self {
        size: size_of::<Self>(),
        role: 0,
        content: std::ptr::null(),
        content_length: 0,
    };

    /// # Safety
    /// `content` is NULL or has `content_length` readable bytes.
    unsafe fn into_owned(self) -> Result<ChatMessage, Fault> {
        let roles = [Role::System, Role::User, Role::Assistant];
        let named = |role: &Role| hr_role::from(*role) as u64 == self.role;
        let role = roles.into_iter().find(named).ok_or_else(|| {
            let message = format!("role is {}, but must be one of hr_role", self.role);
            Fault::new(FaultKind::InvalidParameter, message)
        })?;
        // SAFETY: the caller's own promise.
        let content = unsafe { text_in(self.content, self.content_length, "content") }?;
        Ok(ChatMessage { role, content })
    }
}

/// The messages of an array whose elements are as large as the first one says: a host with a newer
/// header has larger ones than this library knows.
///
/// # Safety
/// `messages` is NULL or has `count` elements of that size, each as [`hr_message`] describes it.
unsafe fn messages_in(
    messages: *const hr_message,
    count: usize,
) -> Result<Vec<ChatMessage>, Fault> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if count > MOST_MESSAGES {
        let message = format!("there are {count} messages, but at most {MOST_MESSAGES} are taken");
        return Err(Fault::new(FaultKind::InvalidParameter, message));
    }
    if messages.is_null() {
        return Err(null("messages"));
    }
    // SAFETY: there is a first element.
    let stride = unsafe { size_of_given(messages) }?;
    let owned = (0..count).map(|index| {
        // SAFETY: `index` is below `count`, and the element is as the caller promised.
        unsafe {
            let message = messages.byte_add(index * stride);
            if size_of_given(message)? != stride {
                return Err(uneven_sizes());
            }
            read_struct(message, hr_message::NONE)?.into_owned()
        }
    });
    owned.collect()
}

fn uneven_sizes() -> Fault {
    let message = "the messages of one array have different sizes; set each to sizeof(hr_message)";
    Fault::new(FaultKind::InvalidStructSize, message)
}

/// Starts the model's next turn in a conversation, put into the model's own form by its chat
/// template, and returns at once. `parameters` may be NULL for the defaults.
///
/// # Safety
/// `messages` is NULL or an array of `message_count` elements whose `content` has `content_length`
/// readable bytes of UTF-8. `parameters` is NULL or has as many bytes as its `size` says.
/// `generation` is NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generate_chat(
    model: hr_model,
    messages: *const hr_message,
    message_count: usize,
    parameters: *const hr_generate_parameters,
    generation: *mut hr_generation,
) -> *mut hr_error {
    report(|| {
        // SAFETY: all as promised by the host.
        let (messages, parameters, output) = unsafe {
            (
                messages_in(messages, message_count)?,
                parameters_in(parameters)?,
                Output::new(generation, "generation")?,
            )
        };
        let started = start(model, &Prompt::Chat(messages), &parameters)?;
        output.write(handles().insert(RunningGeneration::from(started))?);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: u64, content: &'static std::ffi::CStr) -> hr_message {
        hr_message {
            role,
            content: content.as_ptr(),
            content_length: content.to_bytes().len(),
            ..hr_message::NONE
        }
    }

    fn owned(messages: &[hr_message]) -> Result<Vec<ChatMessage>, FaultKind> {
        // SAFETY: pointer and length are those of a slice, whose elements point to literals.
        let owned = unsafe { messages_in(messages.as_ptr(), messages.len()) };
        owned.map_err(|fault| fault.kind)
    }

    #[test]
    fn a_conversation_arrives_in_order() {
        let turns = owned(&[message(0, c"Be brief."), message(1, c"Hi"), message(2, c"")]).unwrap();
        let turns: Vec<_> = turns
            .iter()
            .map(|turn| (turn.role, turn.content.as_str()))
            .collect();
        assert_eq!(
            turns,
            [
                (Role::System, "Be brief."),
                (Role::User, "Hi"),
                (Role::Assistant, "")
            ]
        );
    }

    #[test]
    fn elements_of_a_newer_host_are_stepped_over_whole() {
        #[repr(C)]
        struct Newer(hr_message, u64);
        let newer = |role, content| {
            let size = size_of::<Newer>();
            Newer(
                hr_message {
                    size,
                    ..message(role, content)
                },
                u64::MAX,
            )
        };
        let array = [newer(0, c"one"), newer(1, c"two")];
        // SAFETY: two elements of the size they give.
        let turns = unsafe { messages_in(array.as_ptr().cast(), 2) }.unwrap();
        assert_eq!(turns[1].content, "two");
    }

    #[test]
    fn what_cannot_be_a_conversation_is_refused() {
        assert_eq!(
            owned(&[message(3, c"Hi")]),
            Err(FaultKind::InvalidParameter)
        );
        let uneven = [
            message(0, c"one"),
            hr_message {
                size: 64,
                ..message(1, c"two")
            },
        ];
        assert_eq!(owned(&uneven), Err(FaultKind::InvalidStructSize));
        // SAFETY: neither NULL nor a count that was never set is read.
        let refused = |count| unsafe { messages_in(std::ptr::null(), count) };
        assert_eq!(refused(1).unwrap_err().kind, FaultKind::NullPointer);
        assert_eq!(
            refused(usize::MAX).unwrap_err().kind,
            FaultKind::InvalidParameter
        );
        assert_eq!(refused(0).unwrap(), []);
    }
}
