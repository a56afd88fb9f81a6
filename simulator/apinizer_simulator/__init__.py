"""A strict stand-in for the JWK part of the Apinizer Management API."""

from .config import Client, Config, ConfigError, Environment, Keystore, Material, Project, Token
from .control import ControlError, SimulatorControl
from .server import Simulator

__all__ = [
    "Client",
    "Config",
    "ConfigError",
    "ControlError",
    "Environment",
    "Keystore",
    "Material",
    "Project",
    "Simulator",
    "SimulatorControl",
    "Token",
]
