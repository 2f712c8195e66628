/// The version of the product: of the program, the image and the packages.
///
/// `scripts/version` reads the number out of this file, so that packages need no build to know it.
public enum ProductVersion {
    /// As semantic versioning has it.
    public static let text = "0.1.0"
}
