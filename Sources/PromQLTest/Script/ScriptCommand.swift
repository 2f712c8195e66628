/// One command of a script.
public enum ScriptCommand: Sendable {
    case clear
    case load(LoadCommand)
    case evaluate(EvaluateCommand)
}
