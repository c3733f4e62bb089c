internal import HeadroomBridge

/// The models that are known by name, and the best of them for what there is.
///
/// ```swift
/// let available = MemoryOptimization.getMemoryState().availableBytes ?? 0
/// if let model = LLMRegistry.getOptimalModel(for: available) {
///     let container = try await MemoryOptimizedModelFactory.shared.loadContainer(configuration: model)
/// }
/// ```
public enum LLMRegistry {
    /// A choice and its reason.
    ///
    /// ```swift
    /// print(LLMRegistry.select(for: 2_000_000_000).explanation)
    /// ```
    public struct Selection: Sendable, Equatable {
        /// The best model that fits; `nil` where none does.
        public let model: ModelConfiguration?
        /// What it needs, and what the next larger one would need, as one sentence.
        public let explanation: String
    }

    /// Prompt and answer together, in tokens, where nobody says otherwise.
    public static let usualContextLength = 4096

    /// Every model, smallest first.
    ///
    /// ```swift
    /// for model in LLMRegistry.all { print(model.name, model.figures?.weightsBytes ?? 0) }
    /// ```
    public static let all: [ModelConfiguration] = (0..<bridged_registry_count()).compactMap { index in
        bridged_registry_model(index).map(ModelConfiguration.init)
    }

    /// The best model that fits into `availableBytes` with its KV cache for the context.
    ///
    /// ```swift
    /// let model = LLMRegistry.getOptimalModel(for: GPU.memoryLimit)
    /// ```
    public static func getOptimalModel(
        for availableBytes: UInt64, contextLength: Int = usualContextLength
    ) -> ModelConfiguration? {
        select(for: availableBytes, contextLength: contextLength).model
    }

    /// The best model that fits, with the reason.
    ///
    /// ```swift
    /// let selection = LLMRegistry.select(for: 4_000_000_000, contextLength: 8192)
    /// print(selection.model?.name ?? "none", selection.explanation)
    /// ```
    public static func select(
        for availableBytes: UInt64, contextLength: Int = usualContextLength
    ) -> Selection {
        let selection = bridged_select_model(availableBytes, UInt32(clamping: contextLength))
        let index = selection.index.map(Int.init)
        return Selection(
            model: index.flatMap { all.indices.contains($0) ? all[$0] : nil },
            explanation: selection.explanation.toString()
        )
    }
}

extension ModelConfiguration {
    init(_ model: BridgedRegistryModel) {
        self.init(
            source: .id(model.id.toString()),
            name: model.name.toString(),
            figures: RegistryFigures(
                family: model.family.toString(),
                parameterCount: model.parameters,
                weightsBytes: model.weights_bytes,
                kvBytesPerToken: model.kv_bytes_per_token,
                contextLength: model.context_length.map(Int.init)
            )
        )
    }
}
