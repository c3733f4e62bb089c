import Foundation
internal import HeadroomBridge

/// Why something could not be done: a case to act on and a sentence to show.
///
/// ```swift
/// do {
///     _ = try await ModelContainer.load(directory: directory)
/// } catch let error as HeadroomError where error.code == .unknownFamily {
///     print(error.localizedDescription)
/// }
/// ```
public struct HeadroomError: LocalizedError, Sendable, Equatable {
    /// The kinds of failure, with the numbers that the C header gives them.
    public enum Code: UInt32, Sendable, CaseIterable {
        /// A fault inside the library, caught at its border. Worth a report.
        case internalFault = 1
        /// A pointer that must not be NULL was.
        case nullPointer = 2
        /// A handle is 0, was freed, is of another kind or was never issued.
        case invalidHandle = 3
        /// Too many handles are in use.
        case handlesExhausted = 4
        /// Text is not UTF-8.
        case invalidUTF8 = 5
        /// The `size` of a struct is smaller than that struct ever was.
        case invalidStructSize = 6
        /// A value is out of its range.
        case invalidParameter = 7
        /// The system refused to open or read a file.
        case fileUnreadable = 8
        /// A model's files are malformed or do not agree with each other.
        case modelFiles = 9
        /// The model's family is not one that this version knows.
        case unknownFamily = 10
        /// The tokenizer cannot be used, or not with these weights.
        case tokenizer = 11
        /// The chat template could not be applied.
        case chatTemplate = 12
        /// A conversation was asked of a model without a chat template.
        case noChatTemplate = 13
        /// There is nothing to continue.
        case promptEmpty = 14
        /// The prompt leaves no room for an answer in the model's context.
        case promptTooLong = 15
        /// The host stopped it.
        case cancelled = 16
        /// MLX could not carry out a computation.
        case computation = 17
        /// Memory could not be had.
        case outOfMemory = 18
        /// The system does not tell its memory figures.
        case memoryUnreadable = 19
        /// A fault ended the work that a call was waiting for.
        case interrupted = 20
        /// The model went while it was needed.
        case modelUnloaded = 21
        /// The generation has no further event, or has not ended yet where its end is needed.
        case wrongGenerationState = 22
        /// There is no room for the model, or for any.
        case doesNotFit = 23
        /// A name stands for no model, here or on the hub.
        case unknownModel = 24
        /// The model is not in the cache, and downloading is off.
        case notCached = 25
        /// The hub cannot be reached or wants to be asked later. What has arrived is kept.
        case hubUnavailable = 26
        /// The hub does not let this user have the model: it is gated or private.
        case hubDenied = 27
        /// What the hub answers breaks a rule; nothing of it entered the cache.
        case hubAnswer = 28
        /// The disk has no room for the download.
        case diskFull = 29
        /// Another program downloads the same file.
        case downloadBusy = 30
        /// A paused generation could not be kept on disk or brought back.
        case spillFailed = 31
        /// A schema or pattern for the output cannot be used.
        case invalidConstraint = 32
        /// A constraint on the output could not be followed to its end.
        case constraintFailed = 33
        /// A file is no prompt cache, a damaged one, or one of another model or version.
        case cacheFile = 34
        /// A prompt cache could not be written.
        case cacheNotWritten = 35
        /// A prompt cache or a draft model does not belong to the model.
        case anotherModel = 36
    }

    /// The kind of failure; `nil` for one that is newer than this package.
    public let code: Code?
    /// One sentence that says what happened, where, and what to do.
    public let message: String

    public var errorDescription: String? { message }
}

/// Turns the bridge's errors into this package's.
func bridged<Value>(_ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch let error as BridgedError {
        throw HeadroomError(code: HeadroomError.Code(rawValue: error.code()), message: error.message().toString())
    }
}
