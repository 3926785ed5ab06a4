"""Places of ROS packages."""

from __future__ import annotations

import os

from ament_index_python.packages import PackageNotFoundError, get_package_prefix, get_package_share_directory
from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.not_offered import not_offered
from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions


class FindPackagePrefix(Substitution):
    """The prefix a package is installed in."""

    def __init__(self, package: SomeSubstitutionsType) -> None:
        self.package = normalize_to_list_of_substitutions(package)

    def describe(self) -> str:
        """Return the substitution's name with the package."""
        return f"{type(self).__name__}(pkg={' + '.join(sub.describe() for sub in self.package)})"

    def find(self, package_name: str) -> str:
        """Return the folder."""
        return str(get_package_prefix(package_name))

    def perform(self, context: LaunchContext) -> str:
        """Return the folder; SubstitutionFailure if there is no such package."""
        package = perform_substitutions(context, self.package)
        try:
            return self.find(package)
        except PackageNotFoundError as error:
            raise SubstitutionFailure(str(error)) from error


class FindPackageShare(FindPackagePrefix):
    """The share folder of a package."""

    def find(self, package_name: str) -> str:
        """Return the folder."""
        return str(get_package_share_directory(package_name))


class ExecutableInPackage(FindPackagePrefix):
    """The path of a package's executable."""

    def __init__(self, executable: SomeSubstitutionsType, package: SomeSubstitutionsType) -> None:
        super().__init__(package)
        self.executable = normalize_to_list_of_substitutions(executable)

    def perform(self, context: LaunchContext) -> str:
        """Return the path; SubstitutionFailure if the package or the executable is missing."""
        package = perform_substitutions(context, self.package)
        executable = perform_substitutions(context, self.executable)
        folder = os.path.join(super().perform(context), "lib", package)
        path = os.path.join(folder, executable)
        if not (os.path.isfile(path) and os.access(path, os.X_OK)):
            raise SubstitutionFailure(f"executable '{executable}' not found on the libexec directory '{folder}' ")
        return path


FindPackage = FindPackagePrefix
__getattr__ = not_offered(__name__)
__all__ = ["ExecutableInPackage", "FindPackage", "FindPackagePrefix", "FindPackageShare"]
