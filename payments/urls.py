"""Addresses of the payments app."""

from django.urls import URLPattern, path

from payments import pages, status

urlpatterns: list[URLPattern] = [
    path("reg_setup/<str:token>", pages.reg_setup, name="reg_setup"),
    path("reg_setup/<str:token>/family", pages.family, name="reg_setup_family"),
    path("reg_setup/<str:token>/object", status.objection, name="reg_setup_object"),
    path("reg_setup/<str:token>/return", pages.came_back, name="reg_setup_return"),
    path("reg_setup/<str:token>/exit", pages.left, name="reg_setup_exit"),
    path("reg_setup/<str:token>/status", status.status, name="reg_setup_status"),
    path("reg_setup/<str:token>/again", status.again, name="reg_setup_again"),
    path("reg_setup/<str:token>/change", status.change, name="reg_setup_change"),
    path("reg_setup/<str:token>/code", status.code, name="reg_setup_code"),
]
