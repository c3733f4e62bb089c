extension MemoryOptimization {
    /// Continues plain text under the governor's eyes, and calls back when memory is tight.
    ///
    /// The governor acts by itself, mildest first; `onPressure` is for what only the app can give up, such as its
    /// own caches.
    ///
    /// ```swift
    /// let stream = MemoryOptimization.generateWithMemoryMonitoring(
    ///     input: "Once upon a time", parameters: GenerateParameters(), context: model, monitorInterval: 25
    /// ) {
    ///     MemoryOptimization.forceMemoryCleanup()
    /// }
    /// for try await case .chunk(let text) in stream { print(text, terminator: "") }
    /// ```
    /// - Parameters:
    ///   - monitorInterval: Tokens from one ``Generation/memory(_:)`` to the next; at least 1.
    ///   - onPressure: Runs at every memory reading and every action of the governor under high or critical
    ///     pressure, on a thread that may wait.
    /// - Returns: The events. Work stops when the stream is dropped.
    public static func generateWithMemoryMonitoring(
        input: String,
        parameters: GenerateParameters = GenerateParameters(),
        context: ModelContainer,
        monitorInterval: Int = 50,
        onPressure: @escaping @Sendable () -> Void
    ) -> AsyncThrowingStream<Generation, Error> {
        var parameters = parameters
        parameters.monitorInterval = monitorInterval
        parameters.isGoverned = true
        return context.generate(prompt: input, parameters: parameters) { event in
            if event.showsPressure { onPressure() }
        }
    }
}

extension Generation {
    /// Whether the app should give up what it can.
    var showsPressure: Bool {
        switch self {
        case .memory(let state): state.pressure >= .high
        case .action(let action): action.pressure >= .high && !action.isRestoring
        case .prefill, .chunk, .info: false
        }
    }
}
