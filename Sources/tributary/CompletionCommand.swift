import ArgumentParser

/// `tributary completion SHELL`
struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Prints a script that completes commands and options in a shell.",
        discussion: """
            bash: tributary completion bash > /etc/bash_completion.d/tributary
            zsh: tributary completion zsh > "${fpath[1]}/_tributary"
            fish: tributary completion fish > ~/.config/fish/completions/tributary.fish
            """)

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash
        case zsh
        case fish
    }

    func run() {
        let completed: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Console.answer(Tributary.completionScript(for: completed))
    }
}
