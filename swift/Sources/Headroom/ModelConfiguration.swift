import Foundation

/// Which model: one on this device, or one by name.
///
/// ```swift
/// let known = ModelConfiguration(id: "mlx-community/Qwen3-0.6B-4bit")
/// let own = ModelConfiguration(directory: URL(fileURLWithPath: "models/storyteller"))
/// ```
public struct ModelConfiguration: Sendable, Equatable {
    /// Where a model comes from.
    ///
    /// ```swift
    /// if case .directory(let directory) = configuration.source { print(directory.path) }
    /// ```
    public enum Source: Sendable, Equatable {
        /// `owner/name` on the hub, or a name of ``LLMRegistry``.
        case id(String)
        /// A directory that holds config.json, safetensors and tokenizer.json.
        case directory(URL)
    }

    /// What the registry knows of a model.
    ///
    /// ```swift
    /// for model in LLMRegistry.all { print(model.name, model.figures?.parameterCount ?? 0) }
    /// ```
    public struct RegistryFigures: Sendable, Equatable {
        /// `model_type` of its configuration.
        public let family: String
        /// Values in its weights, each counted once.
        public let parameterCount: UInt64
        /// Bytes of all weights.
        public let weightsBytes: UInt64
        /// Bytes that a token adds to the KV cache in 16 bits.
        public let kvBytesPerToken: UInt64
        /// The longest sequence it was made for, in tokens.
        public let contextLength: Int?
    }

    /// Where it comes from.
    public let source: Source
    /// What people call it, such as `Qwen3-1.7B`; the last part of the id or directory where nobody has named it.
    public let name: String
    /// What the registry knows of it; `nil` for a model that is not in the registry.
    public let figures: RegistryFigures?

    /// A model of the hub or the registry.
    ///
    /// ```swift
    /// let configuration = ModelConfiguration(id: "Qwen3-0.6B")
    /// ```
    public init(id: String) {
        self.init(source: .id(id), name: id.split(separator: "/").last.map(String.init) ?? id, figures: nil)
    }

    /// A model on this device.
    ///
    /// ```swift
    /// let configuration = ModelConfiguration(directory: URL(fileURLWithPath: "assets/storyteller"))
    /// ```
    public init(directory: URL) {
        self.init(source: .directory(directory), name: directory.lastPathComponent, figures: nil)
    }

    init(source: Source, name: String, figures: RegistryFigures?) {
        self.source = source
        self.name = name
        self.figures = figures
    }

    /// `owner/name`; `nil` for a directory.
    public var id: String? {
        switch source {
        case .id(let id): id
        case .directory: nil
        }
    }
}
